import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDkimList = defineCommand({
  name: 'config dkim list',
  operands: '[DOMAIN] [--json]',
  summary: 'list the keys that sign mail (DKIM), of one domain or all, and what to do with each',
  help: `made: it signs once the DNS has its record; active: it signs; retired: another one signs, and mail that this one
signed is on its way. The private parts are never shown.

  --json               a JSON object a line, with the record
${SERVER_OPTIONS_HELP}

Examples:
  postel config dkim list
  postel config dkim list example.com --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const domain = line.positionals.length === 0 ? null : operands(line, 'domain').domain;
    return { domain, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ domain, asJson, server }, invocation) {
    const { DKIM_KEYS_SHOWN, dkimKeyAsJson } = await import('../domains/dkim-keys-shown.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { sayRows } = await import('../say-rows.ts');
    const { terminal } = invocation;
    const keys = await useDirectory(invocation, server, ({ dkimKeys }) => dkimKeys.list(domain));
    if (asJson) for (const key of keys) terminal.say(JSON.stringify(dkimKeyAsJson(key)));
    else sayRows(terminal, keys, { asJson, ...DKIM_KEYS_SHOWN });
  },
});
