import type { Role } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const ROLE_NAMES: ReadonlyMap<string, Role> = new Map([
  ['account', 'account'],
  ['owner', 'owner'],
]);

export const configAccountRole = defineCommand({
  name: 'config account role',
  operands: 'ACCOUNT ROLE',
  summary: 'say who administers the server',
  help: `ROLE is what the account may do beside its own mail:

  account              nothing: what everybody is
  owner                administers the server: over IMAP it reads and sets the quota of every account

It acts at once, also on connections that there are. An owner who logs in with an app password is like everybody else.

${SERVER_OPTIONS_HELP}

Examples:
  postel config account role mary owner
  postel config account role mary account`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account, role: name } = operands(line, 'account', 'role');
    const role = ROLE_NAMES.get(name);
    if (role === undefined)
      throw new UsageError(`There is no role "${name}": say ${[...ROLE_NAMES.keys()].join(' or ')}`);
    return { account, role, server: namedServer(line) };
  },
  async run({ account, role, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setRole(account, role));
    const what = role === 'owner' ? 'administers the server now' : 'is an ordinary account now';
    invocation.terminal.say(`Account ${account} ${what}.`);
  },
});
