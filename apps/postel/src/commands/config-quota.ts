import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { parseLimits, printableLimit, QUOTA_AMOUNTS, QUOTA_OPTIONS } from '../quota-options.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configQuota = defineCommand({
  name: 'config quota',
  alsoCalled: ['config quota default'],
  operands: '[--storage SIZE] [--messages N] [--mailboxes N] [--json]',
  summary: 'say or change how much each account may hold by default',
  help: `The limits of every account that has none of its own (postel help config account quota), of those that are there and of
those to come. At first there are none. They act at once, on all hosts. What an account holds already stays, also where
that is more; then nothing more comes in.

  --storage SIZE       500MB or 5GB (a GB has 1,073,741,824 octets), or none
  --messages N         so many messages, or none
  --mailboxes N        so many mailboxes, INBOX and the like counted, or none
  --json               one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config quota
  postel config quota --storage 5GB --mailboxes 1000
  postel config quota --storage none`,
  options: { json: { type: 'boolean' }, ...QUOTA_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { change: parseLimits<never>(line), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ change, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const limits = await useDirectory(invocation, server, async ({ quotas }) => {
      if (Object.keys(change).length > 0) await quotas.changeDefault(change);
      return quotas.readDefault();
    });
    if (asJson) {
      invocation.terminal.say(JSON.stringify(limits));
      return;
    }
    const rows = QUOTA_AMOUNTS.map(({ amount, name }) => [name, printableLimit(limits, amount)]);
    invocation.terminal.say(formatTable([['', 'DEFAULT'], ...rows]));
  },
});
