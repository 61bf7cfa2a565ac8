import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasList = defineCommand({
  name: 'config alias list',
  operands: '[DOMAIN] [--json]',
  summary: 'list aliases',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias list
  postel config alias list example.com --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const domain = line.positionals.length === 0 ? null : operands(line, 'domain').domain;
    return { domain, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ domain, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const aliases = await useDirectory(invocation, server, (directory) => directory.aliases.list(domain));
    sayRows(invocation.terminal, aliases, {
      asJson,
      header: ['ALIAS', 'MEMBERS', 'ELSEWHERE', 'MAY POST', 'LIST', 'SEEN BY MEMBERS', 'SENT AS'],
      row: (alias) => [
        alias.address,
        String(alias.members),
        String(alias.elsewhere),
        alias.posters,
        alias.isList ? 'yes' : 'no',
        alias.showsMembers ? 'yes' : 'no',
        alias.maySendAs ? 'yes' : 'no',
      ],
    });
  },
});
