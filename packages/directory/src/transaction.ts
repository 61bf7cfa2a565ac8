import { setTimeout as delay } from 'node:timers/promises';
import { type Sql, StorageError, type Transaction, translateDatabaseError } from '@postel/storage';
import { DirectoryError } from './errors.ts';
import { RECENT_MS } from './recent-logins.ts';

/** A timer may be early by one. */
const REVOKED_AFTER_MS = RECENT_MS + 2;

/**
 * One transaction that changes the directory. It takes the installation row first: every process that watches
 * `directory_version` learns of the change, and two changes never run side by side, so that what one has checked holds
 * until it commits.
 */
export async function changeDirectory<Result>(sql: Sql, change: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return await changeMail(sql, async (tx) => {
    await tx`update installation set directory_version = directory_version + 1`;
    return await change(tx);
  });
}

/** As `changeDirectory`, for what takes away from somebody what they log in with: when it is done, no process lets them in by it. */
export async function revoke<Result>(sql: Sql, change: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const result = await changeDirectory(sql, change);
  await delay(REVOKED_AFTER_MS);
  return result;
}

/** One transaction that changes nothing in the directory, and so holds up no other change. Options: see Sql.begin. */
export async function changeMail<Result>(
  sql: Sql,
  change: (tx: Transaction) => Promise<Result>,
  options: { readonly isLong?: boolean } = {},
): Promise<Result> {
  return await translatingErrors(true, () => sql.begin(change, options));
}

/** Runs what only reads. */
export async function readDirectory<Result>(read: () => Promise<Result>): Promise<Result> {
  return await translatingErrors(false, read);
}

/** What the database cannot do now is `unavailable` to our callers; what is a bug of ours stays what it is. */
async function translatingErrors<Result>(isWrite: boolean, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const translated = translateDatabaseError(error, isWrite);
    if (!(translated instanceof StorageError)) throw translated;
    throw new DirectoryError('unavailable', translated.message, { cause: translated });
  }
}
