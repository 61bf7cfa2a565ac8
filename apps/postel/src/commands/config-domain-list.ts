import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDomainList = defineCommand({
  name: 'config domain list',
  operands: '[--json]',
  summary: 'list the domains whose mail is for this server',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config domain list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const domains = await useDirectory(invocation, server, (directory) => directory.listDomains());
    sayRows(invocation.terminal, domains, {
      asJson,
      header: ['DOMAIN', 'ADDRESSES', 'ALIASES', 'CATCHALL', 'SEPARATORS', 'CASE', ''],
      row: (domain) => [
        domain.name,
        String(domain.addresses),
        String(domain.aliases),
        domain.catchall ?? '',
        domain.separators === '' ? 'none' : domain.separators,
        domain.isCaseSensitive ? 'keep' : 'ignore',
        domain.isDisabled ? 'disabled' : '',
      ],
    });
  },
});
