import type { QueueEvent } from '@postel/queue';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NUMBER = /^[1-9][0-9]{0,14}$/;
const PATH_CHARACTERS = 320;
const REPLY_CHARACTERS = 1_000;
/** As DIRECT_ROUTE of the directory, which is not loaded for it. */
const DIRECT = 'direct';

export const queueShow = defineCommand({
  name: 'queue show',
  operands: 'NUMBER [--json]',
  summary: 'show one recipient in the queue, and what was tried when',
  help: `NUMBER is what postel queue list shows; with --all also of what is finished.

  --json               as a JSON object
${SERVER_OPTIONS_HELP}

Example:
  postel queue show 17`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { number } = operands(line, 'number');
    if (!NUMBER.test(number)) throw new UsageError(`"${number}" is no number of postel queue list`);
    return { id: Number(number), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ id, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { showQueue } = await import('@postel/queue');
    const { terminal } = invocation;
    const found = await useDatabase(invocation, server, ({ database }) => showQueue(database.sql, id));
    if (found === null) throw new CommandError(`There is no ${id} in the queue, or not any more.`);
    if (asJson) return terminal.say(JSON.stringify(found));
    const { message, account, reversePath, forwardPath, alias, originalRecipient, notify, sizeOctets } = found;
    const { queuedAt, releasedAt, nextAttemptAt, requiresTls, isBulk } = found;
    const lines: readonly (readonly [name: string, value: string | null])[] = [
      ['message', message],
      ['account', account],
      ['from', reversePath === '' ? '<>' : printable(reversePath, PATH_CHARACTERS)],
      ['to', printable(forwardPath, PATH_CHARACTERS)],
      ['alias', alias],
      ['named as', originalRecipient],
      ['told of', notify === null ? null : notify.join(', ').toLowerCase()],
      ['size', `${sizeOctets} octets${isBulk ? ', for many' : ''}${requiresTls ? ', needs TLS' : ''}`],
      ['queued', formatMoment(queuedAt)],
      ['to be sent', releasedAt > queuedAt ? formatMoment(releasedAt) : null],
      ['state', found.isInHand ? 'in hand' : found.state],
      ['route', found.lastRoute],
      ['told to go by', found.pinnedRoute],
      ['next attempt', nextAttemptAt === null ? null : formatMoment(nextAttemptAt)],
    ];
    terminal.say(formatTable(lines.flatMap(([name, value]) => (value === null ? [] : [[`${name}:`, value]]))));
    for (const event of found.events) terminal.say(`\n${spoken(event).join('\n')}`);
  },
});

function spoken({ at, type, status, reply, mta, route, nextAttemptAt }: QueueEvent): readonly string[] {
  if (type === 'routed')
    return [`${formatMoment(at)}  to go by ${reply === null ? 'what rules say' : `the route ${reply}`}`];
  // The built-in route needs no name.
  const host = mta !== null && route !== null && route !== DIRECT ? `${mta}, the route ${route}` : mta;
  const by = [status, host].filter((part) => part !== null).join(' by ');
  const then = nextAttemptAt === null ? '' : `; again ${formatMoment(nextAttemptAt)}`;
  return [
    `${formatMoment(at)}  ${type}${by === '' ? '' : ` ${printable(by, PATH_CHARACTERS)}`}${then}`,
    ...(reply === null ? [] : [`    ${printable(reply, REPLY_CHARACTERS)}`]),
  ];
}
