import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRoutePrint = defineCommand({
  name: 'config route print',
  operands: 'NAME [--json]',
  summary: 'show a way by which mail leaves',
  help: `Of its secrets only which there are.

  --json               one JSON object
${SERVER_OPTIONS_HELP}

Example:
  postel config route print provider`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { name } = operands(line, 'name');
    return { name, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ name, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const route = await useDirectory(invocation, server, (directory) => directory.routes.read(name));
    if (asJson) return invocation.terminal.say(JSON.stringify(route));
    const { linesOf } = await import('../routes/describe-route.ts');
    invocation.terminal.say(formatTable(linesOf(route)));
  },
});
