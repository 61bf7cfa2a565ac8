import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteList = defineCommand({
  name: 'config route list',
  operands: '[--json]',
  summary: 'list the ways by which mail leaves',
  help: `Beside the route direct, which is built in. No secret is shown.

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config route list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { wayOf } = await import('../routes/describe-route.ts');
    const routes = await useDirectory(invocation, server, (directory) => directory.routes.list());
    sayRows(invocation.terminal, routes, {
      asJson,
      header: ['ROUTE', 'GOES TO', 'TLS', 'USER', 'FROM', 'RULES', 'DEFAULT'],
      row: (route) => [
        route.name,
        wayOf(route),
        route.hosts.length === 0 ? '' : route.tls,
        route.user ?? '',
        Object.keys(route.sources).join(', '),
        String(route.rules),
        route.isDefault ? 'yes' : '',
      ],
    });
  },
});
