import type { AppPassword } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountApppasswordList = defineCommand({
  name: 'config account apppassword list',
  operands: 'ACCOUNT [--json]',
  summary: 'list the app passwords of an account, and when and from where each was used last',
  help: `When it was used last is known to a minute or so. The passwords themselves are not shown: nobody knows them.

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config account apppassword list mary`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const appPasswords = await useDirectory(invocation, server, (directory) => directory.appPasswords.list(account));
    const header = ['NAME', 'FOR', 'FROM', 'SINCE', 'EXPIRES', 'LAST USED', ''];
    sayRows(invocation.terminal, appPasswords, { asJson, header, row });
  },
});

function row(appPassword: AppPassword): readonly string[] {
  const { name, service, networks, createdAt, expiresAt, lastUsedAt, lastUsedFrom, isShared } = appPassword;
  return [
    name,
    service ?? 'imap, smtp',
    networks?.join(', ') ?? 'anywhere',
    formatMoment(createdAt),
    expiresAt === null ? 'never' : formatMoment(expiresAt),
    lastUsedAt === null ? 'never' : `${formatMoment(lastUsedAt)} from ${lastUsedFrom ?? 'somewhere'}`,
    isShared ? 'legacy mechanisms' : '',
  ];
}
