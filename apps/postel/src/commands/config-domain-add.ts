import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainAdd = defineCommand({
  name: 'config domain add',
  operands: 'DOMAIN',
  summary: 'make a domain one whose mail is for this server',
  help: `Mail for it comes only when its MX records name this server; mail of it is signed once the DNS has its DKIM keys, which
are made now. What to publish: postel config dnsrecords. Addresses in it: postel help config address add.

${SERVER_OPTIONS_HELP}

Examples:
  postel config domain add example.com
  postel config domain add bücher.example`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { domain } = operands(line, 'domain');
    return { domain, server: namedServer(line) };
  },
  async run({ domain, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.addDomain(domain));
    invocation.terminal.say(`Added domain ${domain}. Mail for postmaster and abuse there goes to the oldest account.`);
    invocation.terminal.say(`The DNS records that it needs: postel config dnsrecords ${domain}`);
  },
});
