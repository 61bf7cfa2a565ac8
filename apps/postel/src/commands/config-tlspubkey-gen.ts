import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';

export const configTlspubkeyGen = defineCommand({
  name: 'config tlspubkey gen',
  operands: 'STEM [--type p256|ed25519] [--legacy]',
  summary: 'make a key for a mail program, its certificate, and a file to import',
  help: `Makes four files and changes nothing on the server; run it wherever you like. Files that exist are not replaced.

  STEM.key.pem         the private key
  STEM.cert.pem        its certificate, for: postel config tlspubkey add
  STEM.pem             both, as postel sendmail, mutt and others take them
  STEM.p12             both, as mail programs and systems import them; its password is made up, and shown once

  --type p256          ECDSA with P-256, which every program takes that takes keys at all: the default
  --type ed25519       Ed25519: OpenSSL, GnuTLS and postel sendmail take it; Thunderbird does not before NSS 3.131
  --legacy             encrypt STEM.p12 in the old way, which older versions of Android, macOS and Windows need:
                       they call the password of a modern file wrong

Examples:
  postel config tlspubkey gen laptop
  postel config tlspubkey add mary@example.com --name laptop < laptop.cert.pem`,
  options: { type: { type: 'string' }, legacy: { type: 'boolean' } },
  parse(line) {
    const { stem } = operands(line, 'stem');
    const type = line.option('type') ?? 'p256';
    if (type !== 'p256' && type !== 'ed25519') throw new UsageError('--type is p256 or ed25519');
    const format: 'legacy' | 'modern' = line.flag('legacy') ? 'legacy' : 'modern';
    return { stem, type, format } as const;
  },
  async run({ stem, type, format }, { terminal }) {
    const { generatePassword } = await import('@postel/directory');
    const { makeKeyFiles } = await import('../tls-keys/make-key-files.ts');
    const { describeKey } = await import('../tls-keys/read-key.ts');
    const password = generatePassword();
    const { files, key } = await makeKeyFiles(stem, { type, format, password });
    terminal.say(`Made an ${describeKey(key)}:\n`);
    terminal.say(
      formatTable([
        [`  ${files.key}`, 'the private key: keep it secret'],
        [`  ${files.certificate}`, 'its certificate: for the server'],
        [`  ${files.both}`, 'both, for programs that read PEM'],
        [`  ${files.pkcs12}`, 'both, for programs that import PKCS#12'],
      ]),
    );
    terminal.say(`\nThe password of ${files.pkcs12}, shown this once: ${password}\n`);
    const stdin = shellWord(files.certificate);
    terminal.say(`Next: postel config tlspubkey add ADDRESS --name ${shellWord(files.name)} < ${stdin}`);
    terminal.say('Then give the mail program its file (docs/client-keys.md), and remove those that nobody needs.');
  },
});

function shellWord(text: string): string {
  return /^[\w./~@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
