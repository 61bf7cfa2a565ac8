import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { PreparedPassword } from './saslprep.ts';

export type ScramHash = 'sha256' | 'sha1';

export interface ScramParameters {
  readonly hash: ScramHash;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** What the server keeps of a password: enough to verify it, not to log in with (RFC 5802 §3). */
export interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export const DIGEST_OCTETS = { sha256: 32, sha1: 20 } as const satisfies Record<ScramHash, number>;

const pbkdf2InThreadPool = promisify(pbkdf2);

/** What only somebody who has the password can work out: ClientKey proves that to the server. */
export interface ScramClientKeys extends ScramKeys {
  readonly clientKey: Buffer;
}

/** StoredKey and ServerKey: RFC 5802 §3, and RFC 7677 §3 for SHA-256. The iterations run in the thread pool of libuv. */
export async function deriveScramKeys(password: PreparedPassword, parameters: ScramParameters): Promise<ScramKeys> {
  const { storedKey, serverKey } = await deriveScramClientKeys(password, parameters);
  return { storedKey, serverKey };
}

/** All three keys: RFC 5802 §3. */
export async function deriveScramClientKeys(
  password: PreparedPassword,
  { hash, salt, iterations }: ScramParameters,
): Promise<ScramClientKeys> {
  const saltedPassword = await pbkdf2InThreadPool(password, salt, iterations, DIGEST_OCTETS[hash], hash);
  const clientKey = createHmac(hash, saltedPassword).update('Client Key').digest();
  return {
    clientKey,
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: createHmac(hash, saltedPassword).update('Server Key').digest(),
  };
}

/** Compares keys in a time that does not depend on where they differ. */
export function equalKeys(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
