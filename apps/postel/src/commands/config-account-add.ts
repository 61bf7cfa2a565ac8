import { defineCommand } from '../command.ts';
import { generatePassword } from '../generate-password.ts';
import { operands } from '../operands.ts';
import { readPassword } from '../read-password.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountAdd = defineCommand({
  name: 'config account add',
  operands: 'ACCOUNT ADDRESS [--generate-password]',
  summary: 'add an account with its first address',
  help: `The password is asked for, or is the first line of standard input. If none is given, one is made up and shown
this once. The address's domain becomes a local one if it is not yet.

  --generate-password  make up a password, and ask nothing
${SERVER_OPTIONS_HELP}

Examples:
  postel config account add mary mary@localhost
  echo 'correct horse battery' | postel config account add mary mary@localhost
  postel config account add mary mary@localhost --generate-password`,
  options: { 'generate-password': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account, address } = operands(line, 'account', 'address');
    return { account, address, wantsGenerated: line.flag('generate-password'), server: namedServer(line) };
  },
  async run({ account, address, wantsGenerated, server }, invocation) {
    const { terminal } = invocation;
    const given = wantsGenerated ? '' : await readPassword('Password (empty: one is made up): ');
    const password = given === '' ? generatePassword() : given;
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.addAccount({ name: account, address, password }));
    terminal.say(`Added account ${account} with address ${address}.`);
    if (given === '') terminal.say(`Its password, shown this once: ${password}`);
  },
});
