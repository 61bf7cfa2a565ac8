import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import { parseLimits, printableLimit, QUOTA_AMOUNTS, QUOTA_OPTIONS } from '../quota-options.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountQuota = defineCommand({
  name: 'config account quota',
  operands: 'ACCOUNT [--storage SIZE] [--messages N] [--mailboxes N] [--json]',
  summary: 'say what an account holds, and say or change how much it may hold',
  help: `Every message counts with its full size, each copy of it, until it is expunged; what can be brought back (postel help
undelete) does not count. When an account is full, mail for it waits with its senders, and its owner is warned from 90 %
on. A limit below what is there takes nothing away; then nothing more comes in. Changes act at once, on all hosts.

  --storage SIZE       500MB or 5GB (a GB has 1,073,741,824 octets), none, or default (postel help config quota)
  --messages N         so many messages, none, or default
  --mailboxes N        so many mailboxes, INBOX and the like counted, none, or default
  --json               one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config account quota mary
  postel config account quota mary --storage 20GB
  postel config account quota mary --storage default --messages none`,
  options: { json: { type: 'boolean' }, ...QUOTA_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, change: parseLimits(line, 'default'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, change, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const quota = await useDirectory(invocation, server, async ({ quotas }) => {
      if (Object.keys(change).length > 0) await quotas.change(account, change);
      return quotas.read(account);
    });
    if (asJson) {
      invocation.terminal.say(JSON.stringify(quota));
      return;
    }
    const { use, limits, isOwn } = quota;
    const rows = QUOTA_AMOUNTS.map(({ amount, name }) => {
      const [used, limit] = [use[amount], limits[amount]];
      return [
        name,
        amount === 'octets' ? printableSize(used) : used.toLocaleString('en-US'),
        printableLimit(limits, amount),
        limit === null || limit === 0 ? '' : `${Math.floor((used * 100) / limit)} %`,
        isOwn[amount] ? '' : 'default',
      ];
    });
    invocation.terminal.say(formatTable([['', 'USED', 'LIMIT', '', ''], ...rows]));
    if (QUOTA_AMOUNTS.some(({ amount }) => use[amount] > (limits[amount] ?? Number.POSITIVE_INFINITY))) {
      invocation.terminal.note('It holds more than it may: nothing is removed, and nothing more comes in.');
    }
  },
});
