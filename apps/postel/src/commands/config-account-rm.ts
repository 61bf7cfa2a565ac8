import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountRm = defineCommand({
  name: 'config account rm',
  operands: 'ACCOUNT',
  summary: 'remove an account with its addresses and all its mail',
  help: `Nothing is asked, and nothing can be brought back. Logins end first; if it is cut short, say it again.

${SERVER_OPTIONS_HELP}

Example:
  postel config account rm mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, server: namedServer(line) };
  },
  async run({ account, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.removeAccount(account));
    invocation.terminal.say(`Removed account ${account} and its mail.`);
  },
});
