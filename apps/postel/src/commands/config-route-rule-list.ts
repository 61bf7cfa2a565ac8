import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteRuleList = defineCommand({
  name: 'config route rule list',
  operands: '[--json]',
  summary: 'list which mail goes by which route',
  help: `In their order: the first one counts that matches. The last line is the default.

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config route rule list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { rules, defaultRoute } = await useDirectory(invocation, server, ({ routes }) => routes.rules());
    const rest = { sender: null, recipient: null, account: null, route: defaultRoute };
    const numbered = [...rules, rest].map((rule, at) => ({ number: at < rules.length ? at + 1 : null, ...rule }));
    sayRows(invocation.terminal, numbered, {
      asJson,
      header: ['NUMBER', 'SENDER', 'RECIPIENT', 'ACCOUNT', 'ROUTE'],
      row: ({ number, sender, recipient, account, route }) =>
        number === null
          ? ['', 'everything else', '', '', route]
          : [String(number), sender ?? '', recipient ?? '', account ?? '', route],
    });
  },
});
