import { defineCommand } from '../command.ts';
import { YES_HELP, YES_OPTION } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAddressRm = defineCommand({
  name: 'config address rm',
  operands: 'ADDRESS [--yes]',
  summary: 'take an address from its account',
  help: `Mail for it is refused from then on, or goes to the catchall of its domain. Mail that has come stays.
Asks first.

${YES_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel config address rm info@example.com
  postel config address rm info@example.com --yes`,
  options: { ...YES_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const { address } = operands(line, 'address');
    return { address, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ address, isAgreed, server }, invocation) {
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    await useDirectory(invocation, server, async ({ addresses }, { signal }) => {
      const { account } = await addresses.read(address); // or there is no such address
      const question = `Take the address ${address} from account ${account}?`;
      if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return;
      await addresses.remove(address);
      terminal.say(`Removed address ${address}.`);
    });
  },
});
