import { defineCommand } from '../command.ts';
import { DATABASE_URL_OPTION, databaseUrl } from '../database-url.ts';
import { operands } from '../operands.ts';

export const configAccountRm = defineCommand({
  name: 'config account rm',
  operands: 'ACCOUNT',
  summary: 'remove an account with its addresses and all its mail',
  help: `Nothing is asked, and nothing can be brought back. Logins end first; if it is cut short, say it again.

  --database-url URL  a Postgres of your own, as for localserve

Example:
  postel config account rm mary`,
  options: DATABASE_URL_OPTION,
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, databaseUrl: databaseUrl(line) };
  },
  async run({ account, databaseUrl }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, databaseUrl, (directory) => directory.removeAccount(account));
    invocation.terminal.say(`Removed account ${account} and its mail.`);
  },
});
