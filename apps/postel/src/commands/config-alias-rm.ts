import { defineCommand } from '../command.ts';
import { YES_HELP, YES_OPTION } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { printableCount } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasRm = defineCommand({
  name: 'config alias rm',
  operands: 'ALIAS [--yes]',
  summary: 'remove an alias',
  help: `Mail for it is refused from then on, or goes to the catchall of its domain. Nobody knows any more whom it
stood for. Asks first.

${YES_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias rm team@example.com
  postel config alias rm team@example.com --yes`,
  options: { ...YES_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const { alias } = operands(line, 'alias');
    return { alias, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ alias, isAgreed, server }, invocation) {
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    await useDirectory(invocation, server, async ({ aliases }, { signal }) => {
      const { members } = await aliases.read(alias); // or there is no such alias
      const question = `Remove the alias ${alias}, which has ${printableCount(members, 'member')}?`;
      if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return;
      await aliases.remove(alias);
      terminal.say(`Removed alias ${alias}.`);
    });
  },
});
