import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const URL_CHARACTERS = 60;
const FAILURE_CHARACTERS = 60;

export const configWebhookList = defineCommand({
  name: 'config webhook list',
  operands: '[--account ACCOUNT] [--json]',
  summary: 'list webhooks, and how they take what they are told',
  help: `  --account ACCOUNT    those of its mail alone
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config webhook list`,
  options: { account: { type: 'string' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { account: line.option('account'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const list = await useDirectory(invocation, server, ({ webhooks }) => webhooks.list(account));
    sayRows(invocation.terminal, list, {
      asJson,
      header: ['NUMBER', 'ACCOUNT', 'URL', 'EVENTS', 'WAITING', 'TOOK LAST', 'STATE'],
      row: ({ id, account: of, url, events, waiting, takenAt, lastFailure, pausedAt }) => [
        String(id),
        of ?? '(all)',
        printable(url, URL_CHARACTERS),
        events.join(','),
        String(waiting),
        takenAt === null ? '' : formatMoment(takenAt),
        `${pausedAt === null ? '' : `paused since ${formatMoment(pausedAt)} `}${printable(lastFailure ?? '', FAILURE_CHARACTERS)}`,
      ],
    });
  },
});
