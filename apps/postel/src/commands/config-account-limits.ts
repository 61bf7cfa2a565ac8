import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { parseSending, printableSending, SENDING_LIMITS, SENDING_OPTIONS } from '../sending-limits.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountLimits = defineCommand({
  name: 'config account limits',
  operands: 'ACCOUNT [--messages-a-day N] [--new-recipients-a-day N] [--message-mb N] [--json]',
  summary: 'say what an account has sent, and say or change how much it may send',
  help: `For an account whose password others may come to know: what they can send with it is limited. A day begins with the
first message that is counted. What is beyond the limit is refused with 450 until the day is over, and mail programs keep
it; the reply says when that is. Changes act at once, on all hosts.

  --messages-a-day N         so many messages, none, or default (postel help config limits)
  --new-recipients-a-day N   so many addresses that the account never sent to before, none, or default. Those are known
                             from the time at which it got this limit
  --message-mb N             no message larger than so many MB (1,048,576 octets), none, or default
  --json                     one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config account limits mary
  postel config account limits mary --messages-a-day 500 --new-recipients-a-day 100
  postel config account limits mary --messages-a-day none --message-mb default`,
  options: { json: { type: 'boolean' }, ...SENDING_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, change: parseSending(line, 'default'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, change, asJson, server }, { terminal, ...invocation }) {
    const { useDirectory } = await import('../use-directory.ts');
    const found = await useDirectory({ terminal, ...invocation }, server, async ({ submission }) => {
      if (Object.keys(change).length > 0) await submission.change(account, change);
      return await submission.read(account);
    });
    if (asJson) {
      terminal.say(JSON.stringify(found));
      return;
    }
    const { messages, newRecipients, isOwn, resetsAt } = found;
    const sent = { messagesADay: String(messages), newRecipientsADay: String(newRecipients), messageOctets: '' };
    const rows = SENDING_LIMITS.map(({ limit, name }) => {
      return [name, sent[limit], printableSending(found, limit), isOwn[limit] ? '' : 'default'];
    });
    terminal.say(formatTable([['', 'SENT', 'LIMIT', ''], ...rows]));
    if (resetsAt !== null) terminal.say(`The day ends at ${formatMoment(resetsAt)}.`);
  },
});
