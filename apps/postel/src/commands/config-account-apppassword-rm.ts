import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountApppasswordRm = defineCommand({
  name: 'config account apppassword rm',
  operands: 'ACCOUNT NAME',
  summary: 'take an app password back',
  help: `It is refused at once, and connections that came in by it end within 5 s.

${SERVER_OPTIONS_HELP}

Example:
  postel config account apppassword rm mary phone`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account, name } = operands(line, 'account', 'name');
    return { account, name, server: namedServer(line) };
  },
  async run({ account, name, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.appPasswords.remove(account, name));
    invocation.terminal.say(`Removed an app password of account ${account}.`);
  },
});
