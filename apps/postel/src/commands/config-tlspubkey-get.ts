import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { keyAsJson } from '../tls-keys/key-as-json.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configTlspubkeyGet = defineCommand({
  name: 'config tlspubkey get',
  operands: 'FINGERPRINT [--json]',
  summary: 'show whose a TLS public key is, and the key',
  help: `A fingerprint is the SHA-256 of the key (its SubjectPublicKeyInfo in DER) in base64 or hexadecimal.

  --json               one JSON object, the key in base64
${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey get sha256:5Fa9T3VQzKxgD1mmqZ5uYw1f0mHk2bqv3jv1mVbYpUs
  postel config tlspubkey get $(openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER |
                                openssl sha256 -r | cut -d' ' -f1)`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return { ...operands(line, 'fingerprint'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ fingerprint: text, asJson, server }, invocation) {
    const { formatFingerprint, formatPem } = await import('@postel/tls-pubkey');
    const { fingerprintOperand } = await import('../tls-keys/fingerprint-operand.ts');
    const fingerprint = fingerprintOperand(text);
    const { useDirectory } = await import('../use-directory.ts');
    const key = await useDirectory(invocation, server, ({ tlsPublicKeys }) => tlsPublicKeys.get(fingerprint));
    if (key === null) throw new CommandError(`No account has the key ${formatFingerprint(fingerprint)}.`);
    const used = key.lastUsedAt === null ? 'never' : `${formatMoment(key.lastUsedAt)} from ${key.lastUsedFrom}`;
    const { terminal } = invocation;
    if (asJson) {
      terminal.say(JSON.stringify(keyAsJson(key)));
      return;
    }
    terminal.say(
      formatTable([
        ['Account:', key.accountName],
        ['Address:', key.loginAddress ?? 'none in particular'],
        ['Name:', key.name],
        ['Type:', key.keyType],
        ['Fingerprint:', formatFingerprint(key.fingerprint)],
        ['IMAP over TLS:', key.isImapPreauth ? 'greets as logged in' : 'waits for AUTHENTICATE EXTERNAL'],
        ['Added:', formatMoment(key.createdAt)],
        ['Last used:', used],
      ]),
    );
    terminal.say();
    terminal.say(formatPem('PUBLIC KEY', key.subjectPublicKeyInfo).trimEnd());
  },
});
