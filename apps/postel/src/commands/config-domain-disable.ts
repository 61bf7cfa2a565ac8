import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainDisable = defineCommand({
  name: 'config domain disable',
  operands: 'DOMAIN',
  summary: 'take no mail for a domain for now, and let nobody send from it',
  help: `Mail for its addresses waits with its senders, who are told that they may try again, until you enable the domain; after some days
they give up. Accounts go on: they log in, and get mail for their addresses in other domains. postmaster is answered for
all the same.

${SERVER_OPTIONS_HELP}

Example:
  postel config domain disable example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { domain } = operands(line, 'domain');
    return { domain, server: namedServer(line) };
  },
  async run({ domain, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.changeDomain(domain, { isDisabled: true }));
    invocation.terminal.say(`Disabled domain ${domain}: mail for it waits with its senders.`);
  },
});
