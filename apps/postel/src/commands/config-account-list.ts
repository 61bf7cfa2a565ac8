import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountList = defineCommand({
  name: 'config account list',
  operands: '[--json]',
  summary: 'list the accounts, their addresses and what they hold',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config account list
  postel config account list --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const accounts = await useDirectory(invocation, server, (directory) => directory.listAccounts());
    sayRows(invocation.terminal, accounts, {
      asJson,
      header: ['ACCOUNT', 'ADDRESSES', 'MESSAGES', 'KB', 'SINCE', ''],
      row: ({ name, addresses, usedMessages, usedOctets, createdAt, isDisabled, role, administers }) => [
        name,
        addresses.join(', '),
        String(usedMessages),
        String(Math.ceil(usedOctets / 1_024)),
        createdAt.toISOString().slice(0, 10),
        [...(role === 'account' ? [] : [[role, ...administers].join(' ')]), ...(isDisabled ? ['disabled'] : [])].join(
          ', ',
        ),
      ],
    });
  },
});
