import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configTlspubkeyRm = defineCommand({
  name: 'config tlspubkey rm',
  operands: 'FINGERPRINT',
  summary: 'let a TLS public key log in no longer',
  help: `Its connections end within seconds. A device that was lost, or stolen, knows perhaps a password too:
postel config account setpassword.

${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey list mary
  postel config tlspubkey rm sha256:5Fa9T3VQzKxgD1mmqZ5uYw1f0mHk2bqv3jv1mVbYpUs`,
  options: SERVER_OPTIONS,
  parse(line) {
    return { ...operands(line, 'fingerprint'), server: namedServer(line) };
  },
  async run({ fingerprint: text, server }, invocation) {
    const { fingerprintOperand } = await import('../tls-keys/fingerprint-operand.ts');
    const fingerprint = fingerprintOperand(text);
    const { useDirectory } = await import('../use-directory.ts');
    const key = await useDirectory(invocation, server, ({ tlsPublicKeys }) => tlsPublicKeys.remove(fingerprint));
    invocation.terminal.say(`Removed "${key.name}" of account ${key.accountName}. Its connections end within seconds.`);
  },
});
