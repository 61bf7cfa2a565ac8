import type { RegisteredKey } from '@postel/directory';

/** A key with what is in octets as base64, for programs. */
export function keyAsJson({ subjectPublicKeyInfo, ...key }: RegisteredKey) {
  return { ...key, subjectPublicKeyInfo: subjectPublicKeyInfo.toString('base64') };
}
