import type { MailList, OutcomeName, Trace, TraceEvent } from '@postel/mail-trace';
import type { RecordedTransaction } from '@postel/storage';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { LIMIT_HELP, LIMIT_OPTION, limitOption, noteMore } from '../limit-option.ts';
import { formatMoment, MOMENT_HELP, parseMoment } from '../moment.ts';
import { printable, printableSize } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import type { Terminal } from '../terminal.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const MOST_WHAT = 4;
const PATH_CHARACTERS = 40;
const NAME_CHARACTERS = 320;
const TEXT_CHARACTERS = 1_000;

const OUTCOME_NAMES: readonly OutcomeName[] = ['delivered', 'junk', 'waiting', 'queued', 'refused', 'failed'];

export const trace = defineCommand({
  name: 'trace',
  operands: 'WHAT... [--since MOMENT] [--until MOMENT] [--outcome OUTCOME] [--limit N] [--json]',
  summary: 'show the way of a message: who brought it, what was found out, and what became of it',
  help: `WHAT is an address (of who sent it, or whom it was for), a Message-ID, an IP address of a client, or the id that a reply, the
log or a Received field names: a1b2c3d4e5, or a1b2c3d4e5-1. Several have to be true of it together, such as both addresses.
If it is one message, its way is shown; if there are several, they are listed, the newest first, each with the id that shows it.

It is kept for 30 days (smtp.historyDays in the configuration file), without subject and text; the newest appears within a second.
docs/tracing.md says what the words mean.

  --since MOMENT       only what began since then: ${MOMENT_HELP}
  --until MOMENT       only what began before then
  --outcome OUTCOME    only what was ${OUTCOME_NAMES.join(', ')}
${LIMIT_HELP}
  --json               as JSON: the list an object a line, the way one object
${SERVER_OPTIONS_HELP}

Examples:
  postel trace mary@example.com --since 2h
  postel trace bob@example.net mary@example.com
  postel trace '<1234@example.net>'
  postel trace a1b2c3d4e5-1
  postel trace mary@example.com --outcome refused --json`,
  options: {
    since: { type: 'string' },
    until: { type: 'string' },
    outcome: { type: 'string' },
    ...LIMIT_OPTION,
    json: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const what = line.positionals;
    if (what.length === 0) throw new UsageError('what to look for is missing');
    if (what.length > MOST_WHAT) throw new UsageError(`${MOST_WHAT} words to look for are enough`);
    const moment = (name: 'since' | 'until') => {
      const text = line.option(name);
      return text === null ? null : new Date(parseMoment(name, text));
    };
    const said = line.option('outcome');
    const outcome = OUTCOME_NAMES.find((name) => name === said) ?? null;
    if (said !== null && outcome === null) {
      throw new UsageError(`--outcome takes one of: ${OUTCOME_NAMES.join(', ')}`);
    }
    const filter = { since: moment('since'), until: moment('until'), limit: limitOption(line) };
    return { what, filter, outcome, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ what, filter, outcome, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { listMail, OUTCOMES, parseSought, traceMail } = await import('@postel/mail-trace');
    const { terminal } = invocation;
    const outcomes = outcome === null ? null : OUTCOMES[outcome];
    const [keys = [], ...also] = what.map(parseSought);
    for (const each of what) {
      if (parseSought(each).length > 0) continue;
      throw new UsageError(`"${printable(each, PATH_CHARACTERS)}" is no address, Message-ID, IP address or id`);
    }
    const { list, found } = await useDatabase(invocation, server, async ({ database: { sql } }) => {
      const list = await listMail(sql, { ...filter, outcomes, keys, also, after: null });
      const ids = new Set(list.rows.map(({ transactionId }) => transactionId));
      const [only] = ids;
      const found = only === undefined || ids.size > 1 ? null : await traceMail(sql, only, { type: 'admin' });
      return { list, found };
    });
    if (list.rows.length === 0) throw new CommandError(nothing(what));
    if (found === null) return sayList(terminal, list, { asJson, limit: filter.limit });
    if (asJson) return terminal.say(JSON.stringify(found));
    sayTrace(terminal, found);
  },
});

const nothing = (what: readonly string[]) =>
  `Nothing is known of ${what.map((each) => printable(each, NAME_CHARACTERS)).join(' and ')}: it never came here, or it is too long ago.
What is kept is of smtp.historyDays, and of a flood of refusals only how many there were (postel trace with the IP address of its network).`;

function sayList(
  terminal: Terminal,
  { rows }: MailList,
  { asJson, limit }: { readonly asJson: boolean; readonly limit: number },
): void {
  sayRows(terminal, rows, { asJson, header: ['WHEN', 'ID', 'FROM', 'TO', 'SIZE', 'CLIENT', 'WHAT BECAME OF IT'], row });
  noteMore(terminal, rows.length, limit);
}

function row(found: RecordedTransaction): readonly string[] {
  const { settledAt, message, connectionId, reversePath, recipient, destination, sizeOctets, client, outcome } = found;
  const to = [recipient, destination].filter((path) => path !== null).join(' > ');
  const reply = [found.replyCode, found.replyStatus].filter((part) => part !== null).join(' ');
  return [
    formatMoment(settledAt),
    message ?? connectionId ?? '-',
    reversePath === null ? '-' : printable(reversePath, PATH_CHARACTERS) || '<>',
    printable(to, PATH_CHARACTERS) || '-',
    sizeOctets === null ? '-' : printableSize(sizeOctets),
    client ?? '-',
    `${outcome}${outcome === 'refused' || outcome === 'deferred' ? ` ${reply}` : ''}${found.count > 1 ? `, ${found.count} times` : ''}`,
  ];
}

function sayTrace(terminal: Terminal, found: Trace): void {
  const { message, reversePath, sizeOctets, messageId, recipients, hasMore, events } = found;
  const head = [message ?? 'no message', sizeOctets === null ? null : printableSize(sizeOctets)];
  terminal.say(head.filter((part) => part !== null).join(', '));
  if (reversePath !== null) terminal.say(`from  ${printable(reversePath, NAME_CHARACTERS) || '<>'}`);
  for (const { recipient, destination, account, state } of recipients) {
    const ledTo = destination ?? account;
    const to = `${recipient ?? '-'}${ledTo === null ? '' : ` (${ledTo})`}`;
    terminal.say(`to    ${printable(to, NAME_CHARACTERS)}: ${printable(state, NAME_CHARACTERS)}`);
  }
  if (hasMore) terminal.say('      and more recipients');
  if (messageId !== null) terminal.say(`Message-ID <${printable(messageId, NAME_CHARACTERS)}>`);
  for (const event of events) terminal.say(`\n${spoken(event).join('\n')}`);
}

function spoken({ at, text, details }: TraceEvent): readonly string[] {
  return [
    `${formatSecond(at)}  ${printable(text, TEXT_CHARACTERS)}`,
    ...details.map((each) => `    ${printable(each, TEXT_CHARACTERS)}`),
  ];
}

/** What happens to one message happens within seconds. */
const formatSecond = (moment: Date) => `${formatMoment(moment)}:${String(moment.getSeconds()).padStart(2, '0')}`;
