import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountDisable = defineCommand({
  name: 'config account disable',
  operands: 'ACCOUNT',
  summary: 'let nobody log in to an account, and keep its mail',
  help: `Its connections end within 5 s. Mail for it waits with its senders, who are told that they may try again, until you
enable the account or remove it.

${SERVER_OPTIONS_HELP}

Example:
  postel config account disable mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, server: namedServer(line) };
  },
  async run({ account, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setDisabled(account, true));
    invocation.terminal.say(`Disabled account ${account}.`);
  },
});
