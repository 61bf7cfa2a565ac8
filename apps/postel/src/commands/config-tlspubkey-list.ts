import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { keyAsJson } from '../tls-keys/key-as-json.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NAME_CHARACTERS = 30;

export const configTlspubkeyList = defineCommand({
  name: 'config tlspubkey list',
  operands: '[ACCOUNT] [--json]',
  summary: 'list the TLS public keys that log in, of one account or all',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey list
  postel config tlspubkey list mary`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { formatFingerprint } = await import('@postel/tls-pubkey');
    const { useDirectory } = await import('../use-directory.ts');
    const keys = await useDirectory(invocation, server, ({ tlsPublicKeys }) => tlsPublicKeys.list(account));
    if (asJson) {
      for (const key of keys) invocation.terminal.say(JSON.stringify(keyAsJson(key)));
      return;
    }
    sayRows(invocation.terminal, keys, {
      asJson,
      header: ['ACCOUNT', 'NAME', 'TYPE', 'IMAP', 'LAST USED', 'FINGERPRINT'],
      row: (key) => [
        key.accountName,
        printable(key.name, NAME_CHARACTERS),
        key.keyType,
        key.isImapPreauth ? 'preauth' : 'external',
        key.lastUsedAt === null ? 'never' : formatMoment(key.lastUsedAt),
        formatFingerprint(key.fingerprint),
      ],
    });
  },
});
