import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAddressRm = defineCommand({
  name: 'config address rm',
  operands: 'ADDRESS',
  summary: 'take an address from its account',
  help: `Mail for it is refused from then on, or goes to the catchall of its domain. Mail that has come stays.


${SERVER_OPTIONS_HELP}

Example:
  postel config address rm info@example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { address } = operands(line, 'address');
    return { address, server: namedServer(line) };
  },
  async run({ address, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.addresses.remove(address));
    invocation.terminal.say(`Removed address ${address}.`);
  },
});
