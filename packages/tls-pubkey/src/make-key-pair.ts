import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** What can be made: of the types that are accepted, the two that are small and quick. */
export type MadeKeyType = 'ed25519' | 'p256';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);

export function makeKeyPair(type: MadeKeyType): Promise<KeyPair> {
  return type === 'ed25519' ? generate('ed25519') : generate('ec', { namedCurve: 'P-256' });
}
