import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

/** The oldest; of more than these nobody reads. */
const MOST = 10_000;
const PATH_CHARACTERS = 40;
const REPLY_CHARACTERS = 60;

export const queueList = defineCommand({
  name: 'queue list',
  operands: '[--all] [--json]',
  summary: 'list what waits to be sent to other servers, and why',
  help: `The oldest first, ${MOST} recipients at most. The number is what the other commands of the queue want.

  --all                also what was sent, failed or was dropped in the last days
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel queue list
  postel queue list --all --json`,
  options: { all: { type: 'boolean' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { withHistory: line.flag('all'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ withHistory, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { listQueue } = await import('@postel/queue');
    const entries = await useDatabase(invocation, server, ({ database }) => listQueue(database.sql, withHistory, MOST));
    sayRows(invocation.terminal, entries, {
      asJson,
      header: ['NUMBER', 'FROM', 'TO', 'STATE', 'SINCE', 'ATTEMPTS', 'NEXT', 'ROUTE', 'LAST REPLY'],
      row: (entry) => [
        String(entry.id),
        printable(entry.reversePath, PATH_CHARACTERS) || '<>',
        printable(entry.forwardPath, PATH_CHARACTERS),
        entry.isInHand ? 'in hand' : entry.state,
        formatMoment(entry.queuedAt),
        String(entry.attempts),
        entry.nextAttemptAt === null ? '' : formatMoment(entry.nextAttemptAt),
        entry.pinnedRoute ?? entry.lastRoute ?? '',
        printable(entry.lastReply ?? '', REPLY_CHARACTERS),
      ],
    });
  },
});
