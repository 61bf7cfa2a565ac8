import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainEnable = defineCommand({
  name: 'config domain enable',
  operands: 'DOMAIN',
  summary: 'take mail for a disabled domain again',
  help: `Mail that waited meanwhile comes when its senders try again.

${SERVER_OPTIONS_HELP}

Example:
  postel config domain enable example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { domain } = operands(line, 'domain');
    return { domain, server: namedServer(line) };
  },
  async run({ domain, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.changeDomain(domain, { isDisabled: false }));
    invocation.terminal.say(`Enabled domain ${domain}.`);
  },
});
