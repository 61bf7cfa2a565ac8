import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { parseSending, printableSending, SENDING_LIMITS, SENDING_OPTIONS } from '../sending-limits.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configLimits = defineCommand({
  name: 'config limits',
  alsoCalled: ['config limits default'],
  operands: '[--messages-a-day N] [--new-recipients-a-day N] [--message-mb N] [--json]',
  summary: 'say or change how much each account may send by default',
  help: `The limits of every account that has none of its own (postel help config account limits), of those that are there and of
those to come. At first there are none. They act at once, on all hosts.

  --messages-a-day N         so many messages, or none
  --new-recipients-a-day N   so many addresses that the account never sent to before, or none. Those are known from the
                             time at which it got such a limit: everybody is new at first
  --message-mb N             no message larger than so many MB (1,048,576 octets), or none
  --json                     one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config limits
  postel config limits --messages-a-day 1000
  postel config limits --messages-a-day none`,
  options: { json: { type: 'boolean' }, ...SENDING_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { change: parseSending<never>(line), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ change, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const limits = await useDirectory(invocation, server, async ({ submission }) => {
      if (Object.keys(change).length > 0) await submission.changeDefault(change);
      return await submission.readDefault();
    });
    if (asJson) {
      invocation.terminal.say(JSON.stringify(limits));
      return;
    }
    const rows = SENDING_LIMITS.map(({ limit, name }) => [name, printableSending(limits, limit)]);
    invocation.terminal.say(formatTable([['', 'DEFAULT'], ...rows]));
  },
});
