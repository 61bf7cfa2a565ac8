import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountList = defineCommand({
  name: 'config account list',
  operands: '',
  summary: 'list the accounts, their addresses and what they hold',
  help: `${SERVER_OPTIONS_HELP}

Example:
  postel config account list`,
  options: SERVER_OPTIONS,
  parse(line) {
    operands(line);
    return { server: namedServer(line) };
  },
  async run({ server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const accounts = await useDirectory(invocation, server, (directory) => directory.listAccounts());
    const rows = accounts.map(({ name, addresses, usedMessages, usedOctets, createdAt, isDisabled, role }) => [
      name,
      addresses.join(', '),
      String(usedMessages),
      String(Math.ceil(usedOctets / 1_024)),
      createdAt.toISOString().slice(0, 10),
      [...(role === 'account' ? [] : [role]), ...(isDisabled ? ['disabled'] : [])].join(', '),
    ]);
    invocation.terminal.say(formatTable([['ACCOUNT', 'ADDRESSES', 'MESSAGES', 'KB', 'SINCE', ''], ...rows]));
  },
});
