import { formatFingerprint, MAX_KEY_FILE_OCTETS, readKeyFile, type TlsPublicKey } from '@postel/tls-pubkey';
import { CommandError } from '../command-error.ts';

/**
 * The public key from standard input.
 * @throws {CommandError} there is none that is accepted
 */
export async function readKey(input: AsyncIterable<Buffer>): Promise<TlsPublicKey> {
  // Said because an input that nobody ends would look like a hang.
  console.error('Reading the certificate, or the public key, from standard input ...');
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    octets += chunk.length;
    if (octets > MAX_KEY_FILE_OCTETS) break; // the reading says so
  }
  const reading = readKeyFile(Buffer.concat(chunks));
  if (reading.type === 'key') return reading.key;
  throw new CommandError(`No key was read: ${reading.reason}. Nothing was changed.`);
}

export const describeKey = ({ keyType, fingerprint }: Pick<TlsPublicKey, 'keyType' | 'fingerprint'>): string =>
  `${keyType} key ${formatFingerprint(fingerprint)}`;
