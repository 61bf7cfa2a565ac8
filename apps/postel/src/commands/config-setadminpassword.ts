import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { newPassword } from '../new-password.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configSetadminpassword = defineCommand({
  name: 'config setadminpassword',
  operands: '[ACCOUNT] [--generate-password]',
  summary: 'let whoever administers the server in again',
  help: `Gives an account that administers the server another password, and enables it. ACCOUNT may be left out where one account alone
does. The password is asked for, or is the first line of standard input.

  --generate-password  make up a password and show it this once
${SERVER_OPTIONS_HELP}

Examples:
  postel config setadminpassword
  postel config setadminpassword mary --generate-password`,
  options: { 'generate-password': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, wantsGenerated: line.flag('generate-password'), server: namedServer(line) };
  },
  async run({ account, wantsGenerated, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const accounts = await useDirectory(invocation, server, (directory) => directory.listAccounts());
    const owners = accounts.filter(({ role }) => role === 'owner').map(({ name }) => name);
    const chosen = chooseOwner(owners, account);
    const password = await newPassword(chosen, wantsGenerated);
    await useDirectory(invocation, server, async (directory) => {
      await directory.setPassword(chosen, password);
      await directory.setDisabled(chosen, false);
    });
    invocation.terminal.say(`Changed the password of ${chosen}, who administers the server.`);
    if (wantsGenerated) invocation.terminal.say(`It is, shown this once: ${password}`);
  },
});

/** @throws {CommandError} */
function chooseOwner(owners: readonly string[], named: string | null): string {
  const [only, ...others] = owners;
  if (only === undefined) {
    throw new CommandError('No account administers the server yet. Let one: postel config account role ACCOUNT owner');
  }
  if (named === null && others.length > 0) {
    throw new CommandError(`Several accounts administer the server: say one of ${owners.join(', ')}.`);
  }
  const chosen = named ?? only;
  if (owners.includes(chosen)) return chosen;
  throw new CommandError(
    `${chosen} does not administer the server; ${owners.join(', ')} ${others.length === 0 ? 'does' : 'do'}. ` +
      `To let it: postel config account role ${chosen} owner`,
  );
}
