import { setTimeout as delay } from 'node:timers/promises';
import { type Sql, StorageError, type Transaction, translateDatabaseError } from '@postel/storage';
import type { Actor } from './actor.ts';
import { boundSql, isBound } from './bound-sql.ts';
import { ChangeRecord, type State, type Subject } from './change-record.ts';
import { DirectoryError } from './errors.ts';
import { RECENT_MS } from './recent-answers.ts';

/** A timer may be early by one. */
const REVOKED_AFTER_MS = RECENT_MS + 2;

/**
 * What a change does in its transaction.
 *
 * @param note is told what it is about, before it changes that: what is otherwise at the end is written down with the actor.
 *   Nothing can be changed without it
 */
type Change<Result> = (
  tx: Transaction,
  note: (subject: Subject, known?: State | null) => Promise<void>,
) => Promise<Result>;

/**
 * One transaction that changes the directory. It takes the installation row first: every process that watches
 * `directory_version` learns of the change, and two changes never run side by side, so that what one has checked holds
 * until it commits.
 */
export async function changeDirectory<Result>(sql: Sql, actor: Actor, change: Change<Result>): Promise<Result> {
  return await changeMail(sql, async (tx) => {
    await raiseVersion(tx);
    return await recording(tx, actor, change);
  });
}

/** Lets every process forget what it knows of the directory. To come before anything else in a transaction. */
export async function raiseVersion(tx: Transaction): Promise<void> {
  await tx`update installation set directory_version = directory_version + 1`;
}

/**
 * As `changeDirectory`, for what takes something away or gives it to somebody else: a way to log in, an address, room. When it is
 * done no process goes by what was before.
 */
export async function revoke<Result>(sql: Sql, actor: Actor, change: Change<Result>): Promise<Result> {
  const result = await changeDirectory(sql, actor, change);
  if (!isBound(sql)) await untilKnown(); // else whoever began the transaction waits, when it is over
  return result;
}

/**
 * Several changes as one: all of them, or none, and nothing else in between. When it is done no process goes by what was before.
 *
 * @param work does them with a database that is the transaction
 */
export async function changeTogether<Result>(sql: Sql, work: (bound: Sql) => Promise<Result>): Promise<Result> {
  const result = await changeMail(sql, async (tx) => {
    await raiseVersion(tx);
    return await work(boundSql(tx));
  });
  await untilKnown();
  return result;
}

/** Resolves when no process goes any more by what was before the last change that was committed. */
export async function untilKnown(): Promise<void> {
  await delay(REVOKED_AFTER_MS);
}

/** As `changeDirectory`, for what no process remembers: it is read with each use. */
export async function changeLimits<Result>(sql: Sql, actor: Actor, change: Change<Result>): Promise<Result> {
  return await changeMail(sql, async (tx) => {
    await tx`select from installation for no key update`;
    return await recording(tx, actor, change);
  });
}

/** As `changeDirectory`, for the end of a change that takes long: it holds up no other. */
export async function finishChange<Result>(sql: Sql, actor: Actor, change: Change<Result>): Promise<Result> {
  return await changeMail(sql, (tx) => recording(tx, actor, change), { isLong: true });
}

async function recording<Result>(tx: Transaction, actor: Actor, change: Change<Result>): Promise<Result> {
  const record = new ChangeRecord(tx);
  const result = await change(tx, (subject, known) => record.note(subject, known));
  await record.write(actor);
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

/** Runs one statement that changes nothing in the directory: its answer comes with the commit. */
export async function changeByStatement<Result>(change: () => Promise<Result>): Promise<Result> {
  return await translatingErrors(true, change);
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
