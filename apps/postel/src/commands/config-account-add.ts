import { type CommandLine, defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { readPassword } from '../read-password.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountAdd = defineCommand({
  name: 'config account add',
  operands: 'ACCOUNT ADDRESS [--generate-password | --no-password]',
  summary: 'add an account with its first address',
  help: `The password is asked for, or is the first line of standard input. If none is given, one is made up and shown
this once. The address's domain becomes a local one if it is not yet.

  --generate-password  make up a password, and ask nothing
  --no-password        no password: for who logs in by app passwords and keys only
${SERVER_OPTIONS_HELP}

Examples:
  postel config account add mary mary@localhost
  echo 'correct horse battery' | postel config account add mary mary@localhost
  postel config account add mary mary@localhost --generate-password`,
  options: { 'generate-password': { type: 'boolean' }, 'no-password': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account, address } = operands(line, 'account', 'address');
    const kind = passwordKind(line);
    return { account, address, kind, server: namedServer(line) };
  },
  async run({ account, address, kind, server }, invocation) {
    const { terminal } = invocation;
    const given = kind === 'asked' ? await readPassword('Password (empty: one is made up): ') : '';
    const { generatePassword } = await import('@postel/directory');
    const password = kind === 'none' ? null : given === '' ? generatePassword() : given;
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, async (directory) => {
      await directory.addAccount({ name: account, address, password });
      await directory.dkimKeys.ensure(address.slice(address.lastIndexOf('@') + 1));
    });
    terminal.say(`Added account ${account} with address ${address}.`);
    if (password !== null && given === '') terminal.say(`Its password, shown this once: ${password}`);
  },
});

/** @throws {UsageError} */
function passwordKind(line: CommandLine): 'asked' | 'generated' | 'none' {
  const wantsGenerated = line.flag('generate-password');
  if (!line.flag('no-password')) return wantsGenerated ? 'generated' : 'asked';
  if (wantsGenerated) throw new UsageError('--generate-password and --no-password exclude each other');
  return 'none';
}
