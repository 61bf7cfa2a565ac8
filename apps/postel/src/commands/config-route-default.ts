import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteDefault = defineCommand({
  name: 'config route default',
  operands: 'NAME',
  summary: 'say by which route mail goes that no rule is about',
  help: `What waits goes by it too, from its next attempt on. direct is the one that is built in: to the servers of each domain.

${SERVER_OPTIONS_HELP}

Examples:
  postel config route default provider
  postel config route default direct`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { name } = operands(line, 'name');
    return { name, server: namedServer(line) };
  },
  async run({ name, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { tellQueue } = await import('@postel/queue');
    await useDirectory(invocation, server, async ({ routes }, { database }) => {
      await routes.setDefault(name);
      await tellQueue(database.sql);
    });
    invocation.terminal.say(`Mail goes by the route ${name} where no rule says otherwise.`);
  },
});
