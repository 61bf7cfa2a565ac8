import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ClientIdentity } from '@postel/smtp-client';
import { formatPem, makeCertificate, parsePem, readClientKey } from '@postel/tls-pubkey';
import { CommandError } from '../command-error.ts';
import { EX_CONFIG } from './exit-codes.ts';

/** Nobody looks at these: the key is what counts. */
const CERTIFICATE = {
  name: 'postel sendmail',
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
} as const;

/**
 * Our key, of a file with a private key and, perhaps, its certificate, both PEM. Without one, one is made here.
 *
 * @param file where it is from, for messages
 * @throws {CommandError} EX_CONFIG
 */
export function parseClientIdentity(text: string, file: string): ClientIdentity {
  const privateKey = readPrivateKey(text, file);
  const given = parsePem(text).find(({ label }) => label === 'CERTIFICATE');
  const octets = given?.octets ?? makeFor(privateKey, file);
  const reading = readClientKey(octets);
  if (reading.type === 'refused') throw unusable(file, reading.reason);
  if (!new X509Certificate(octets).publicKey.equals(createPublicKey(privateKey))) {
    throw unusable(file, 'its certificate is for another key');
  }
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: formatPem('CERTIFICATE', octets),
    fingerprint: reading.key.fingerprint,
  };
}

function readPrivateKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw unusable(file, 'there is no private key in it, as PEM and without a passphrase', cause);
  }
}

function makeFor(privateKey: KeyObject, file: string): Buffer {
  try {
    return makeCertificate(privateKey, CERTIFICATE);
  } catch (cause) {
    throw unusable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): CommandError {
  return new CommandError(`Cannot use the key in ${file}: ${why}.`, { exitCode: EX_CONFIG, cause });
}
