import type { Role } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const ROLE_NAMES: ReadonlyMap<string, Role> = new Map([
  ['account', 'account'],
  ['domain-admin', 'domain-admin'],
  ['owner', 'owner'],
]);

export const configAccountRole = defineCommand({
  name: 'config account role',
  operands: 'ACCOUNT ROLE [--domain DOMAIN ...]',
  summary: 'say who administers the server, or domains',
  help: `ROLE is what the account may do beside its own mail:

  account              nothing: what everybody is
  domain-admin         administers, on the web, the domains that are named: what they need of the DNS, their addresses
                       and aliases, and the ordinary accounts all of whose addresses are in them (docs/web.md)
  owner                administers the server: over IMAP it reads and sets the quota of every account

  --domain DOMAIN      of a domain-admin; may be said several times, and names all of them

It acts at once, also on connections that there are. An owner who logs in with an app password is like everybody else.

${SERVER_OPTIONS_HELP}

Examples:
  postel config account role mary owner
  postel config account role fred domain-admin --domain example.org --domain example.net
  postel config account role mary account`,
  options: { domain: { type: 'string', multiple: true }, ...SERVER_OPTIONS },
  parse(line) {
    const { account, role: name } = operands(line, 'account', 'role');
    const role = ROLE_NAMES.get(name);
    if (role === undefined)
      throw new UsageError(`There is no role "${name}": say ${[...ROLE_NAMES.keys()].join(' or ')}`);
    const domains = line.optionValues('domain');
    if (role === 'domain-admin' && domains.length === 0) throw new UsageError('A domain-admin needs --domain DOMAIN');
    if (role !== 'domain-admin' && domains.length > 0) throw new UsageError('--domain is for the role domain-admin');
    return { account, role, domains, server: namedServer(line) };
  },
  async run({ account, role, domains, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.setRole(account, role, domains));
    const what = {
      owner: 'administers the server now',
      'domain-admin': `administers ${domains.join(', ')} now`,
      account: 'is an ordinary account now',
    }[role];
    invocation.terminal.say(`Account ${account} ${what}.`);
  },
});
