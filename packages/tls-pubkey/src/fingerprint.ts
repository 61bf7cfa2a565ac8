import { createHash } from 'node:crypto';

/** SHA-256 of a public key's SubjectPublicKeyInfo in DER, as base64url without padding: 43 characters. */
export type Fingerprint = string & { readonly __brand: 'Fingerprint' };

const DIGEST_OCTETS = 32;
/** More than any form of it that people write: hexadecimal in 64 digits with colons, and a prefix. */
const MAX_TEXT_CHARACTERS = 128;

export function fingerprintOf(subjectPublicKeyInfo: Uint8Array): Fingerprint {
  return createHash('sha256').update(subjectPublicKeyInfo).digest('base64url') as Fingerprint;
}

/** @throws {RangeError} they are not 32 octets */
export function fingerprintFromOctets(digest: Uint8Array): Fingerprint {
  if (digest.length !== DIGEST_OCTETS) throw new RangeError(`A fingerprint has ${DIGEST_OCTETS} octets`);
  return Buffer.from(digest).toString('base64url') as Fingerprint;
}

export const fingerprintOctets = (fingerprint: Fingerprint): Buffer => Buffer.from(fingerprint, 'base64url');

/** For people: unlike the bare one it never begins with a hyphen, which command lines take for an option. */
export const formatFingerprint = (fingerprint: Fingerprint): string => `sha256:${fingerprint}`;

/**
 * A fingerprint as a person has it: in base64url or base64, padded or not; in hexadecimal, with colons or without; with
 * `sha256:` or `SHA256:` before it, as other programs write it.
 *
 * @returns null if it is none
 */
export function parseFingerprint(text: string): Fingerprint | null {
  if (text.length > MAX_TEXT_CHARACTERS) return null;
  const bare = text.trim().replace(/^sha256:/i, '');
  const hex = bare.replaceAll(':', '');
  if (/^[0-9a-f]{64}$/i.test(hex)) return fingerprintFromOctets(Buffer.from(hex, 'hex'));
  const digits = bare.replaceAll('+', '-').replaceAll('/', '_').replace(/=$/, '');
  const digest = Buffer.from(digits, 'base64url');
  // The decoder forgives everything; only the one way to write it comes back as it was.
  const isCanonical = digest.length === DIGEST_OCTETS && digest.toString('base64url') === digits;
  return isCanonical ? fingerprintFromOctets(digest) : null;
}
