import { defineCommand } from '../command.ts';
import { LIMIT_HELP, LIMIT_OPTION, limitOption, noteMore } from '../limit-option.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const waitingList = defineCommand({
  name: 'waiting list',
  operands: '[ACCOUNT] [--limit N] [--json]',
  summary: 'list copies of accepted messages that wait, because their accounts cannot take them',
  help: `A message for an alias, or for several accounts, is accepted if some of them can take it; copies for the others wait until
they are enabled, or have room, and come within a minute then. Without ACCOUNT, only says how many wait for whom. An
account for which 1,000 copies or 100 MB wait is left out of aliases for as long as it cannot take mail. After 5 days a
copy of a message that an account of this server sent is given up, and its sender told; others wait on.

${LIMIT_HELP}
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel waiting list
  postel waiting list mary --limit 500`,
  options: { json: { type: 'boolean' }, ...LIMIT_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, limit: limitOption(line), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, limit, asJson, server }, invocation) {
    const { listWaiting, summarizeWaiting } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { COPIES_SHOWN } = await import('../waiting/show-waiting.ts');
    const { terminal } = invocation;
    await useWaiting(invocation, server, account, async ({ sql }) => {
      if (account !== null) {
        const copies = await listWaiting(sql, { account, id: null, limit });
        sayRows(terminal, copies, { asJson, ...COPIES_SHOWN });
        noteMore(terminal, copies.length, limit);
        return;
      }
      const accounts = await summarizeWaiting(sql, limit);
      sayRows(terminal, accounts, {
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
      noteMore(terminal, accounts.length, limit);
    });
  },
});
