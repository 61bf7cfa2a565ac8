import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { confirmRemoval } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteRuleRm = defineCommand({
  name: 'config route rule rm',
  operands: 'NUMBER [--yes]',
  summary: 'remove a rule of which mail goes by which route',
  help: `NUMBER is what config route rule list shows. Those behind it have other numbers then.

  --yes                nobody is asked
${SERVER_OPTIONS_HELP}

Example:
  postel config route rule rm 2 --yes`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { number } = operands(line, 'number');
    if (!/^[1-9][0-9]{0,3}$/.test(number)) throw new UsageError('NUMBER is that of config route rule list');
    return { number: Number(number), isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ number, isAgreed, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { tellQueue } = await import('@postel/queue');
    const { formatRouteRule } = await import('@postel/directory');
    await useDirectory(invocation, server, async ({ routes }, { database, signal }) => {
      const rule = (await routes.rules()).rules[number - 1];
      if (rule !== undefined) {
        const asking = { isAgreed, terminal: invocation.terminal, signal };
        if (!(await confirmRemoval(`Remove the rule ${formatRouteRule(rule)}?`, asking))) return;
      }
      const removed = await routes.removeRule(number);
      await tellQueue(database.sql);
      invocation.terminal.say(`Removed: ${formatRouteRule(removed)}`);
    });
  },
});
