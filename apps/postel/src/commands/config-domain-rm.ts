import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainRm = defineCommand({
  name: 'config domain rm',
  operands: 'DOMAIN [--yes]',
  summary: 'take a domain away from this server',
  help: `It must have no addresses, no aliases and no catchall any more. The keys that its mail is signed by go with it, and
cannot be brought back: if it has some you are asked.

  --yes                do not ask
${SERVER_OPTIONS_HELP}

Example:
  postel config domain rm example.com`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { domain } = operands(line, 'domain');
    return { domain, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run(args, invocation) {
    const { removeDomain } = await import('../domains/remove-domain.ts');
    await removeDomain(args, invocation);
  },
});
