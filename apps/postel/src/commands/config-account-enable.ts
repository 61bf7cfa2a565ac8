import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountEnable = defineCommand({
  name: 'config account enable',
  operands: 'ACCOUNT',
  summary: 'let a disabled account log in again',
  help: `Passwords, app passwords and keys are what they were.

${SERVER_OPTIONS_HELP}

Example:
  postel config account enable mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, server: namedServer(line) };
  },
  async run({ account, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setDisabled(account, false));
    invocation.terminal.say(`Enabled account ${account}.`);
  },
});
