import { type KeyReading, readClientKey, readSubjectPublicKeyInfo } from './client-key.ts';
import { MAX_KEY_FILE_OCTETS } from './limits.ts';
import { parsePem } from './pem.ts';

/**
 * Reads the public key out of a file that somebody gives us: PEM with a certificate (the first, if there is a chain) or a
 * bare public key, or a certificate in DER. A private key beside it is not looked at.
 */
export function readKeyFile(octets: Buffer): KeyReading {
  if (octets.length === 0) return { type: 'refused', reason: 'nothing was given' };
  if (octets.length > MAX_KEY_FILE_OCTETS) {
    return { type: 'refused', reason: `the file is larger than ${MAX_KEY_FILE_OCTETS} octets` };
  }
  const text = octets.toString('latin1');
  if (!text.includes('-----BEGIN ')) return readClientKey(octets);

  const blocks = parsePem(text);
  const certificate = blocks.find(({ label }) => label === 'CERTIFICATE');
  if (certificate !== undefined) return readClientKey(certificate.octets);
  const publicKey = blocks.find(({ label }) => label === 'PUBLIC KEY');
  if (publicKey !== undefined) return readSubjectPublicKeyInfo(publicKey.octets);

  if (blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))) {
    return { type: 'refused', reason: 'there is only a private key in it; give the certificate, or the public key' };
  }
  return { type: 'refused', reason: 'there is neither a certificate nor a public key in it' };
}
