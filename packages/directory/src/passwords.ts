import { createHmac } from 'node:crypto';
import {
  deriveScramKeys,
  MAX_PASSWORD_OCTETS,
  type PreparedPassword,
  preparePassword,
  type ScramKeys,
} from '@postel/sasl';
import type { AccountId, Sql, Transaction } from '@postel/storage';
import { DirectoryError } from './errors.ts';
import { noSuchAccount } from './find-account.ts';
import type { HashPool } from './hash-pool.ts';
import { readDirectory } from './transaction.ts';

const MIN_PASSWORD_OCTETS = 8;
const SALT_OCTETS = 16;

/**
 * The figure RFC 7677 §4 names for a server (its floor is 4,096). Every client with SCRAM repeats the work, phones too,
 * so it cannot be what a login form may ask. Accounts keep the count that they were made with.
 */
export const ITERATIONS = 15_000;

/** Salt and iteration count of an account, one pair for each hash (RFC 5802 §5.1: shown before the proof). */
export interface AccountScramParameters {
  readonly sha256Salt: Buffer;
  readonly sha256Iterations: number;
  readonly sha1Salt: Buffer;
  readonly sha1Iterations: number;
}

export interface PasswordKeys {
  readonly sha256: ScramKeys;
  readonly sha1: ScramKeys;
}

/**
 * What an account of that name has, and what nobody of that name is said to have: the same, for a salt is shown to whoever asks
 * (RFC 5802 §5.1), and one that two login names share would tell that there is somebody behind them.
 *
 * @param key of the installation, secret; a salt has only to be another one for every account, and not foreseeable
 * @param name the account's, or the local part of an address
 */
export function scramParametersOf(key: Buffer, name: string): AccountScramParameters {
  const salt = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, SALT_OCTETS);
  return {
    sha256Salt: salt(name),
    sha256Iterations: ITERATIONS,
    // NUL is in no identity: else the salt of a name by one hash would be that of another name, which nobody can have, by the
    // other, and the two would tell that it is made up.
    sha1Salt: salt(`sha1\0${name}`),
    sha1Iterations: ITERATIONS,
  };
}

/**
 * A new password, ready to derive keys from.
 *
 * @throws {DirectoryError} 'weak-password'
 */
export async function acceptPassword(password: string): Promise<PreparedPassword> {
  const prepared = await preparePassword(password, 'stored');
  if (prepared === null && password !== '') {
    throw new DirectoryError(
      'weak-password',
      'A password cannot hold control characters, characters newer than Unicode 3.2 such as emoji, or a mix of directions of writing',
    );
  }
  // What clients send is limited as they send it; what can be guessed is what is left after preparation.
  const isLongEnough = prepared !== null && Buffer.byteLength(prepared) >= MIN_PASSWORD_OCTETS;
  if (!isLongEnough || Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) {
    throw new DirectoryError(
      'weak-password',
      `A password has at least ${MIN_PASSWORD_OCTETS} characters and at most ${MAX_PASSWORD_OCTETS} octets`,
    );
  }
  return prepared;
}

export async function derivePasswordKeys(
  pool: HashPool,
  password: PreparedPassword,
  parameters: AccountScramParameters,
): Promise<PasswordKeys> {
  const { sha256Salt, sha256Iterations, sha1Salt, sha1Iterations } = parameters;
  const [sha256, sha1] = await Promise.all([
    pool.run(() => deriveScramKeys(password, { hash: 'sha256', salt: sha256Salt, iterations: sha256Iterations })),
    pool.run(() => deriveScramKeys(password, { hash: 'sha1', salt: sha1Salt, iterations: sha1Iterations })),
  ]);
  return { sha256, sha1 };
}

/** An account by its name, and what its passwords are derived with. @throws {DirectoryError} 'no-such-account' */
export async function findScramParameters(
  sql: Sql,
  accountName: string,
): Promise<AccountScramParameters & { readonly accountId: AccountId }> {
  const [account] = await readDirectory(
    () => sql.read<(AccountScramParameters & { accountId: AccountId })[]>`
      select account_id as "accountId", sha256_salt as "sha256Salt", sha256_iterations as "sha256Iterations",
             sha1_salt as "sha1Salt", sha1_iterations as "sha1Iterations"
        from accounts join scram_parameters using (account_id) where name = ${accountName}`,
  );
  if (account === undefined) throw noSuchAccount(accountName);
  return account;
}

/**
 * Puts the keys in the place of the account's own password, if it has one: as a new credential, so that sessions of the old one
 * end. Null: from now on it has none.
 */
export async function storePassword(tx: Transaction, accountId: AccountId, keys: PasswordKeys | null): Promise<void> {
  await tx`delete from credentials where account_id = ${accountId} and kind = 'password'`;
  if (keys === null) return;
  const { sha256, sha1 } = keys;
  await tx`
    insert into credentials (account_id, kind, sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key)
    values (${accountId}, 'password', ${sha256.storedKey}, ${sha256.serverKey}, ${sha1.storedKey}, ${sha1.serverKey})`;
}
