import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainRm = defineCommand({
  name: 'config domain rm',
  operands: 'DOMAIN',
  summary: 'take a domain away from this server',
  help: `It must have no addresses, no aliases and no catchall any more.


${SERVER_OPTIONS_HELP}

Example:
  postel config domain rm example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { domain } = operands(line, 'domain');
    return { domain, server: namedServer(line) };
  },
  async run({ domain, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.removeDomain(domain));
    invocation.terminal.say(`Removed domain ${domain}.`);
  },
});
