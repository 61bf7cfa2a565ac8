import type { SubmissionSettings } from '@postel/directory';
import { type CommandLine, defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const MOST = 1_000_000_000;
const MB = 1_048_576;
const NONE = 'none';

export const configAccountLimits = defineCommand({
  name: 'config account limits',
  operands: 'ACCOUNT [--messages-a-day N] [--new-recipients-a-day N] [--message-mb N]',
  summary: 'say what an account has sent, and say or change how much it may send',
  help: `For an account whose password others may come to know: what they can send with it is limited. A day begins with the
first message that is counted. What is beyond the limit is refused with 450 until the day is over, and mail programs keep
it; the reply says when that is. Changes act at once, on all hosts.

  --messages-a-day N         so many messages, or none
  --new-recipients-a-day N   so many addresses that the account never sent to before, or none. Those are known from the
                             time at which it got this limit
  --message-mb N             no message larger than so many MB (1,048,576 octets), or none
${SERVER_OPTIONS_HELP}

Examples:
  postel config account limits mary
  postel config account limits mary --messages-a-day 500 --new-recipients-a-day 100
  postel config account limits mary --messages-a-day none`,
  options: {
    'messages-a-day': { type: 'string' },
    'new-recipients-a-day': { type: 'string' },
    'message-mb': { type: 'string' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { account } = operands(line, 'account');
    const messagesADay = limitOption(line, 'messages-a-day');
    const newRecipientsADay = limitOption(line, 'new-recipients-a-day');
    const messageMb = limitOption(line, 'message-mb');
    const change: Partial<SubmissionSettings> = {
      ...(messagesADay === undefined ? {} : { messagesADay }),
      ...(newRecipientsADay === undefined ? {} : { newRecipientsADay }),
      ...(messageMb === undefined ? {} : { messageOctets: messageMb === null ? null : messageMb * MB }),
    };
    return { account, change, server: namedServer(line) };
  },
  async run({ account, change, server }, { terminal, ...invocation }) {
    const { useDirectory } = await import('../use-directory.ts');
    const found = await useDirectory({ terminal, ...invocation }, server, async ({ submission }) => {
      if (Object.keys(change).length > 0) await submission.change(account, change);
      return await submission.read(account);
    });
    const { messages, messagesADay, newRecipients, newRecipientsADay, messageOctets, resetsAt } = found;
    const shown = (limit: number | null) => (limit === null ? NONE : limit.toLocaleString('en-US'));
    terminal.say(
      formatTable([
        ['', 'SENT', 'LIMIT'],
        ['messages a day', String(messages), shown(messagesADay)],
        ['new recipients a day', String(newRecipients), shown(newRecipientsADay)],
        ['size of a message', '', messageOctets === null ? NONE : printableSize(messageOctets)],
      ]),
    );
    if (resetsAt !== null) terminal.say(`The day ends at ${formatMoment(resetsAt)}.`);
  },
});

/** Undefined if it was not given, null for `none`. @throws {UsageError} */
function limitOption(line: CommandLine, option: string): number | null | undefined {
  const text = line.option(option);
  if (text === null) return undefined;
  if (text === NONE) return null;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= MOST)) throw new UsageError(`--${option} takes a number, or none`);
  return number;
}
