import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { generatePassword } from '../generate-password.ts';
import { operands } from '../operands.ts';
import { readPassword } from '../read-password.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountSetpassword = defineCommand({
  name: 'config account setpassword',
  operands: 'ACCOUNT [--generate-password]',
  summary: "replace an account's password",
  help: `The password is asked for, or is the first line of standard input.

  --generate-password  make up a password and show it this once
${SERVER_OPTIONS_HELP}

Examples:
  postel config account setpassword mary
  echo 'correct horse battery' | postel config account setpassword mary`,
  options: { 'generate-password': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, wantsGenerated: line.flag('generate-password'), server: namedServer(line) };
  },
  async run({ account, wantsGenerated, server }, invocation) {
    const { terminal } = invocation;
    const password = wantsGenerated ? generatePassword() : await readPassword(`New password for ${account}: `);
    // Unlike for a new account: an input that is empty by mistake must not lock somebody out.
    if (password === '') throw new CommandError('No password was given. To have one made up: --generate-password.');
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setPassword(account, password));
    terminal.say(`Changed the password of account ${account}.`);
    if (wantsGenerated) terminal.say(`It is, shown this once: ${password}`);
  },
});
