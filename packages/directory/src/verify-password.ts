import { deriveScramKeys, equalKeys, MAX_PASSWORD_OCTETS, preparePassword } from '@postel/sasl';
import type { Sql } from '@postel/storage';
import type { AuthenticatedAccount } from './directory.ts';
import { findCredentials } from './find-credentials.ts';
import type { HashPool } from './hash-pool.ts';
import type { VerifiedLogins } from './verified-logins.ts';

/**
 * One query and one hash, whether the login is unknown or its password wrong (RFC 4422 §3.6); only the right password
 * may save the hash.
 */
export async function verifyPassword(
  sql: Sql,
  pool: HashPool,
  verifiedLogins: VerifiedLogins,
  login: string,
  password: string,
): Promise<AuthenticatedAccount | null> {
  if (Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) return null;
  const prepared = await preparePassword(password, 'query');
  if (prepared === null) return null;

  const { salt, iterations, storedKeys, account } = await findCredentials(sql, login);
  const fingerprints = storedKeys.map((storedKey) => verifiedLogins.fingerprint(salt, storedKey, prepared));
  if (account !== null && fingerprints.some((fingerprint) => verifiedLogins.has(fingerprint))) return account;

  const derived = await pool.run(() => deriveScramKeys(prepared, { hash: 'sha256', salt, iterations }));
  const matching = storedKeys.findIndex((storedKey) => equalKeys(storedKey, derived.storedKey));
  const fingerprint = fingerprints[matching];
  if (fingerprint === undefined || account === null) return null;
  verifiedLogins.add(fingerprint);
  return account;
}
