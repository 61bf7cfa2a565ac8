import { defineCommand } from '../command.ts';
import { YES_HELP, YES_OPTION } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configTlspubkeyRm = defineCommand({
  name: 'config tlspubkey rm',
  operands: 'FINGERPRINT [--yes]',
  summary: 'let a TLS public key log in no longer',
  help: `Its connections end within seconds. A device that was lost, or stolen, knows perhaps a password too:
postel config account setpassword. Asks first.

${YES_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel config tlspubkey list mary
  postel config tlspubkey rm sha256:5Fa9T3VQzKxgD1mmqZ5uYw1f0mHk2bqv3jv1mVbYpUs --yes`,
  options: { ...YES_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    return { ...operands(line, 'fingerprint'), isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ fingerprint: text, isAgreed, server }, invocation) {
    const { fingerprintOperand } = await import('../tls-keys/fingerprint-operand.ts');
    const fingerprint = fingerprintOperand(text);
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    await useDirectory(invocation, server, async ({ tlsPublicKeys }, { signal }) => {
      const found = await tlsPublicKeys.get(fingerprint);
      if (found !== null) {
        const question = `Remove the key "${found.name}" of account ${found.accountName}?`;
        if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return;
      }
      const key = await tlsPublicKeys.remove(fingerprint); // or there is no such key
      terminal.say(`Removed "${key.name}" of account ${key.accountName}. Its connections end within seconds.`);
    });
  },
});
