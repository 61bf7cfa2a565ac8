import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const waitingList = defineCommand({
  name: 'waiting list',
  operands: '[ACCOUNT] [--json]',
  summary: 'list copies of accepted messages that wait, because their accounts cannot take them',
  help: `A message for an alias, or for several accounts, is accepted if some of them can take it; copies for the others wait until
they are enabled, or have room, and come within a minute then. Without ACCOUNT, only says how many wait for whom. An
account for which 1,000 copies or 100 MB wait is left out of aliases for as long as it cannot take mail. After 5 days a
copy of a message that an account of this server sent is given up, and its sender told; others wait on.

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel waiting list
  postel waiting list mary`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { listWaiting, summarizeWaiting } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { COPIES_SHOWN } = await import('../waiting/show-waiting.ts');
    const { terminal } = invocation;
    await useWaiting(invocation, server, account, async ({ sql }) => {
      if (account !== null) {
        sayRows(terminal, await listWaiting(sql, { account, id: null }), { asJson, ...COPIES_SHOWN });
        return;
      }
      sayRows(terminal, await summarizeWaiting(sql), {
        asJson,
        header: ['ACCOUNT', 'COPIES', 'SIZE', 'SINCE', ''],
        row: ({ account: name, copies, octets, oldest, isDisabled }) => [
          name,
          copies.toLocaleString('en-US'),
          printableSize(octets),
          formatMoment(oldest),
          isDisabled ? 'disabled' : '',
        ],
      });
    });
  },
});
