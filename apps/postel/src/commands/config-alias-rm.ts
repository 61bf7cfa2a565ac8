import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasRm = defineCommand({
  name: 'config alias rm',
  operands: 'ALIAS',
  summary: 'remove an alias',
  help: `Mail for it is refused from then on, or goes to the catchall of its domain.


${SERVER_OPTIONS_HELP}

Example:
  postel config alias rm team@example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { alias } = operands(line, 'alias');
    return { alias, server: namedServer(line) };
  },
  async run({ alias, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.aliases.remove(alias));
    invocation.terminal.say(`Removed alias ${alias}.`);
  },
});
