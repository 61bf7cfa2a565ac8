import type { AppPassword } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountApppasswordList = defineCommand({
  name: 'config account apppassword list',
  operands: 'ACCOUNT',
  summary: 'list the app passwords of an account, and when and from where each was used last',
  help: `When it was used last is known to a minute or so. The passwords themselves are not shown: nobody knows them.

${SERVER_OPTIONS_HELP}

Example:
  postel config account apppassword list mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, server: namedServer(line) };
  },
  async run({ account, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const appPasswords = await useDirectory(invocation, server, (directory) => directory.appPasswords.list(account));
    if (appPasswords.length === 0) {
      invocation.terminal.say('None.');
      return;
    }
    const head = ['NAME', 'FOR', 'FROM', 'SINCE', 'EXPIRES', 'LAST USED', ''];
    invocation.terminal.say(formatTable([head, ...appPasswords.map(row)]));
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
