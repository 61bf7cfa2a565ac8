import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { newPassword } from '../new-password.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configSetadminpassword = defineCommand({
  name: 'config setadminpassword',
  operands: '[--generate-password | --none]',
  summary: 'replace the password by which the server is administered from the web',
  help: `Whoever has it administers the server, as accounts do that are owners (postel help config account role). It is asked for, or
is the first line of standard input. Its second factors, passkeys, tokens and sessions go: so whoever has this machine
gets in again.

  --generate-password  make up a password and show it this once
  --none               no such password: only owners administer the server
${SERVER_OPTIONS_HELP}

Examples:
  postel config setadminpassword
  postel config setadminpassword --generate-password`,
  options: { 'generate-password': { type: 'boolean' }, none: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    const wantsGenerated = line.flag('generate-password');
    const wantsNone = line.flag('none');
    if (wantsGenerated && wantsNone) throw new UsageError('--generate-password and --none exclude each other');
    return { wantsGenerated, wantsNone, server: namedServer(line) };
  },
  async run({ wantsGenerated, wantsNone, server }, invocation) {
    const { terminal } = invocation;
    const password = wantsNone ? null : await newPassword('the administration', wantsGenerated);
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setAdminPassword(password));
    terminal.say(password === null ? 'There is no admin password any more.' : 'Changed the admin password.');
    if (wantsGenerated) terminal.say(`It is, shown this once: ${password}`);
  },
});
