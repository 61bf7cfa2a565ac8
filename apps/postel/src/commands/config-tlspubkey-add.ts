import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configTlspubkeyAdd = defineCommand({
  name: 'config tlspubkey add',
  operands: 'ADDRESS [--name N] [--no-imap-preauth] < CERTIFICATE',
  summary: 'let a TLS public key log in to an account',
  help: `Reads a certificate (PEM or DER) or a public key (PEM) from standard input. The key in it then identifies the
account that has the address, in IMAP and in submission; all else in the certificate is ignored, also when it
ends. Ed25519, ECDSA with P-256 or P-384, and RSA of 2048 to 8192 bits are accepted. A key is for one account.

  --name N             what to call it, to tell the account's keys apart: the device, for instance
  --no-imap-preauth    for a mail program that does not understand that it is logged in already: IMAP greets
                       as usual, and the program asks for AUTHENTICATE EXTERNAL
${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey add mary@example.com --name laptop < laptop.cert.pem
  ssh laptop cat laptop.cert.pem | postel config tlspubkey add mary@example.com --name laptop --no-imap-preauth`,
  options: { name: { type: 'string' }, 'no-imap-preauth': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { address } = operands(line, 'address');
    const name = line.option('name');
    return { address, name, isImapPreauth: !line.flag('no-imap-preauth'), server: namedServer(line) };
  },
  async run({ address, name, isImapPreauth, server }, invocation) {
    const { describeKey, readKey } = await import('../tls-keys/read-key.ts');
    const key = await readKey(process.stdin);
    const keyName = name ?? `key of ${new Date().toISOString().slice(0, 10)}`;
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, async ({ tlsPublicKeys }) => {
      const existing = await tlsPublicKeys.get(key.fingerprint);
      if (existing !== null) {
        throw new CommandError(
          `This ${describeKey(key)} is registered already: "${existing.name}" of account ${existing.accountName}. ` +
            'Each account and each device needs one of its own: postel config tlspubkey gen',
        );
      }
      await tlsPublicKeys.add({ login: address, key, name: keyName, isImapPreauth });
    });
    const { terminal } = invocation;
    terminal.say(`Added "${keyName}" for ${address}: ${describeKey(key)}.`);
    terminal.say(isImapPreauth ? 'IMAP over TLS greets it as logged in.' : 'IMAP waits for AUTHENTICATE EXTERNAL.');
  },
});
