import { defineCommand } from '../command.ts';
import { confirmRemoval } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteRm = defineCommand({
  name: 'config route rm',
  operands: 'NAME [--yes]',
  summary: 'remove a way by which mail leaves, with its secrets',
  help: `No rule may name it any more, nor mail that waits and was told to go by it, nor may it be the default.

  --yes                nobody is asked
${SERVER_OPTIONS_HELP}

Example:
  postel config route rm provider --yes`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { name } = operands(line, 'name');
    return { name, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ name, isAgreed, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, async ({ routes }, { signal }) => {
      await routes.read(name);
      const asking = { isAgreed, terminal: invocation.terminal, signal };
      if (!(await confirmRemoval(`Remove the route ${name}, and its secrets?`, asking))) return;
      await routes.remove(name);
      invocation.terminal.say(`Removed the route ${name}.`);
    });
  },
});
