import { defineCommand } from '../command.ts';
import { DATABASE_URL_OPTION, databaseUrl } from '../database-url.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';

export const configAccountList = defineCommand({
  name: 'config account list',
  operands: '',
  summary: 'list the accounts, their addresses and what they hold',
  help: `  --database-url URL  a Postgres of your own, as for localserve

Example:
  postel config account list`,
  options: DATABASE_URL_OPTION,
  parse(line) {
    operands(line);
    return { databaseUrl: databaseUrl(line) };
  },
  async run({ databaseUrl }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const accounts = await useDirectory(invocation, databaseUrl, (directory) => directory.listAccounts());
    const rows = accounts.map(({ name, addresses, usedMessages, usedOctets, createdAt }) => [
      name,
      addresses.join(', '),
      String(usedMessages),
      String(Math.ceil(usedOctets / 1_024)),
      createdAt.toISOString().slice(0, 10),
    ]);
    invocation.terminal.say(formatTable([['ACCOUNT', 'ADDRESSES', 'MESSAGES', 'KB', 'SINCE'], ...rows]));
  },
});
