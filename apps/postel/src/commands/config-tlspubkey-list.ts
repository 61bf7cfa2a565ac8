import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NAME_CHARACTERS = 30;

export const configTlspubkeyList = defineCommand({
  name: 'config tlspubkey list',
  operands: '[ACCOUNT]',
  summary: 'list the TLS public keys that log in, of one account or all',
  help: `${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey list
  postel config tlspubkey list mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, server: namedServer(line) };
  },
  async run({ account, server }, invocation) {
    const { formatFingerprint } = await import('@postel/tls-pubkey');
    const { useDirectory } = await import('../use-directory.ts');
    const keys = await useDirectory(invocation, server, ({ tlsPublicKeys }) => tlsPublicKeys.list(account));
    if (keys.length === 0) {
      invocation.terminal.say('None.');
      return;
    }
    const rows = keys.map((key) => [
      key.accountName,
      printable(key.name, NAME_CHARACTERS),
      key.keyType,
      key.isImapPreauth ? 'preauth' : 'external',
      key.lastUsedAt === null ? 'never' : formatMoment(key.lastUsedAt),
      formatFingerprint(key.fingerprint),
    ]);
    invocation.terminal.say(formatTable([['ACCOUNT', 'NAME', 'TYPE', 'IMAP', 'LAST USED', 'FINGERPRINT'], ...rows]));
  },
});
