import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { newPassword } from '../new-password.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountSetpassword = defineCommand({
  name: 'config account setpassword',
  operands: 'ACCOUNT [--generate-password | --none]',
  summary: "replace an account's password, or take it away",
  help: `The password is asked for, or is the first line of standard input.

  --generate-password  make up a password and show it this once
  --none               no password: app passwords and keys go on to log in
${SERVER_OPTIONS_HELP}

Examples:
  postel config account setpassword mary
  echo 'correct horse battery' | postel config account setpassword mary
  postel config account setpassword mary --none`,
  options: { 'generate-password': { type: 'boolean' }, none: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    const wantsGenerated = line.flag('generate-password');
    const wantsNone = line.flag('none');
    if (wantsGenerated && wantsNone) throw new UsageError('--generate-password and --none exclude each other');
    return { account, wantsGenerated, wantsNone, server: namedServer(line) };
  },
  async run({ account, wantsGenerated, wantsNone, server }, invocation) {
    const { terminal } = invocation;
    const password = wantsNone ? null : await newPassword(account, wantsGenerated);
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setPassword(account, password));
    if (password === null) terminal.say(`Account ${account} has no password any more.`);
    else terminal.say(`Changed the password of account ${account}.`);
    if (wantsGenerated) terminal.say(`It is, shown this once: ${password}`);
  },
});
