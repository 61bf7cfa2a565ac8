import { deriveScramKeys, equalKeys, MAX_PASSWORD_OCTETS, preparePassword } from '@postel/sasl';
import type { LoginCredentials, StoredCredential } from './find-credentials.ts';
import type { HashPool } from './hash-pool.ts';
import type { VerifiedLogins } from './verified-logins.ts';

/**
 * Which of an account's passwords a password is. One hash, whether the login is unknown or its password wrong (RFC 4422
 * §3.6); only the right password may save the hash.
 *
 * @returns null for a wrong password, and for every password if `account` is null
 */
export async function verifyPassword(
  pool: HashPool,
  verifiedLogins: VerifiedLogins,
  { salts, stored, account }: LoginCredentials,
  password: string,
): Promise<StoredCredential | null> {
  if (Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) return null;
  const prepared = await preparePassword(password, 'query');
  if (prepared === null) return null;

  const { salt, iterations } = salts.sha256;
  const fingerprints = stored.map(({ keys }) => verifiedLogins.fingerprint(salt, keys.sha256.storedKey, prepared));
  const known = fingerprints.findIndex((fingerprint) => verifiedLogins.has(fingerprint));
  if (account !== null && known >= 0) return stored[known] ?? null;

  const derived = await pool.run(() => deriveScramKeys(prepared, { hash: 'sha256', salt, iterations }));
  const matching = stored.findIndex(({ keys }) => equalKeys(keys.sha256.storedKey, derived.storedKey));
  const fingerprint = fingerprints[matching];
  if (fingerprint === undefined || account === null) return null;
  verifiedLogins.add(fingerprint);
  return stored[matching] ?? null;
}
