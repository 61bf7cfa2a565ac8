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
  const withKey = (key: Buffer) => stored.find(({ keys }) => equalKeys(keys.sha256.storedKey, key)) ?? null;
  const fingerprint = verifiedLogins.fingerprint(salt, prepared);
  const remembered = verifiedLogins.storedKeyOf(fingerprint);
  const known = remembered === null ? null : withKey(remembered);
  if (account !== null && known !== null) return known;

  const derived = await pool.run(() => deriveScramKeys(prepared, { hash: 'sha256', salt, iterations }));
  const matching = withKey(derived.storedKey);
  if (account === null || matching === null) return null;
  verifiedLogins.add(fingerprint, derived.storedKey);
  return matching;
}
