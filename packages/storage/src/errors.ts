import postgres from 'postgres';
import type { Session } from './connection.ts';
import { S3Error } from './s3-error.ts';

/**
 * - `nonexistent`, `exists`: the account or mailbox.
 * - `name-refused`: no mailbox can have that name; `use-taken`: another mailbox has that special use; `too-many-names`: of
 *   mailboxes or subscriptions.
 * - `too-many-rights`: entries in the lists of an account (RFC 4314).
 * - `too-many-annotations`: RFC 5464, of a mailbox, the server or all of an account.
 * - `over-quota`: RFC 9208; `too-many-keywords`: 1,000 a mailbox, 100 a message; `uid-exhausted`: 2^32-1 UIDs are used up.
 * - `too-large`: the message passes the limit its receiver set.
 * - `disk-full`: nothing can be written until somebody makes room, or no new mail while the reserve is touched.
 * - `unavailable`: the database does not answer, or the disk of the blobs fails; nothing was changed; the same may work later.
 * - `outcome-unknown`: the connection broke before the answer to a write, and what became of it could not be learnt in time.
 *   The caller must say neither yes nor no.
 */
export type StorageErrorKind =
  | 'nonexistent'
  | 'exists'
  | 'name-refused'
  | 'use-taken'
  | 'too-many-names'
  | 'too-many-rights'
  | 'too-many-annotations'
  | 'over-quota'
  | 'too-many-keywords'
  | 'uid-exhausted'
  | 'too-large'
  | 'disk-full'
  | 'unavailable'
  | 'outcome-unknown';

export class StorageError extends Error {
  readonly kind: StorageErrorKind;

  constructor(kind: StorageErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.kind = kind;
  }
}

/** The connection broke while a statement was with the server: nobody knows what became of it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** The server did not answer in time: we broke it. */
  readonly isLate: boolean;
  /** The statement did not reach the server whole, so it has done nothing. */
  readonly isUnsent: boolean;
  /** Which may be at the statement still; null if the server never said. */
  readonly session: Session | null;

  constructor({
    isLate = false,
    isUnsent = false,
    session = null,
    ...options
  }: ErrorOptions & Partial<ConnectionLoss> = {}) {
    super(isLate ? 'The database did not answer in time' : 'The connection to the database broke', options);
    this.isLate = isLate;
    this.isUnsent = isUnsent;
    this.session = session;
  }
}

type ConnectionLoss = Pick<ConnectionLost, 'isLate' | 'isUnsent' | 'session'>;

/**
 * Turns what the database threw into a StorageError where the caller can do something about it; anything else, a bug of
 * ours most likely, is returned as it is.
 *
 * @param wasWrite a statement whose answer was lost may have been committed
 */
export function translateDatabaseError(error: unknown, wasWrite = false): unknown {
  if (error instanceof ConnectionLost) {
    return wasWrite && !error.isUnsent
      ? new StorageError('outcome-unknown', 'The connection to the database broke while it wrote', { cause: error })
      : new StorageError('unavailable', error.message, { cause: error });
  }
  if (!(error instanceof postgres.PostgresError)) return error;
  if (error.code === '53100')
    return new StorageError('disk-full', 'The disk of the database is full', { cause: error });
  if (error.code === REWOUND) return new StorageError('unavailable', WAITS_FOR_RECOVERY, { cause: error });
  return PASSING_CONDITIONS.test(error.code)
    ? new StorageError('unavailable', 'The database cannot do this now', { cause: error })
    : error;
}

/** Asks the database; what it throws is translated. */
export async function asStorageErrors<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Told for an account that is older than what was seen of it. */
export const WAITS_FOR_RECOVERY =
  'The database has gone back in time; the administrator must run `postel recover` before this account takes changes';

/** Of the trigger accounts_rewound. */
const REWOUND = 'PR001';

/**
 * SQLSTATEs that say nothing of the statement. When the server gives one as an ERROR, it has rolled back. As FATAL it may
 * come after the commit, in the place of the answer: that is a ConnectionLost (connection.ts), and is looked up.
 *
 * 08: of a pooler's own connection; 25006: read-only; 25P03, 25P04: a transaction that took too long; 40: deadlock,
 * serialisation; 53: out of memory, of connections; 55P03: lock_timeout; 57: shutting down, starting, statement_timeout;
 * 58030: input or output failed.
 */
const PASSING_CONDITIONS = /^(08...|25006|25P03|25P04|40...|53...|55P03|57...|58030)$/;

/**
 * Whether a write failed because of the database or of the account's lock rather than of itself, so that the next one of
 * the account would fare no better.
 */
export function wouldFailNext(error: unknown): boolean {
  if (!(error instanceof StorageError)) return false;
  if (error.kind === 'outcome-unknown') return true;
  if (error.kind !== 'unavailable') return false;
  // The next one has another connection.
  if (error.cause instanceof ConnectionLost) return error.cause.isLate;
  return !(error.cause instanceof postgres.PostgresError) || LOCKED_OR_DOWN.test(error.cause.code);
}

/** 55P03: lock_timeout; 57P: the server shuts down or starts; 08: a pooler's own connection. */
const LOCKED_OR_DOWN = /^(55P03|57P..|08...)$/;

/** As translateDatabaseError, for what the file system threw, or an object store refused: a wrong key is somebody's to mend. */
export function translateFileError(error: unknown): unknown {
  if (error instanceof S3Error) return new StorageError('unavailable', 'The object store refuses', { cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL.has(code)) return new StorageError('disk-full', 'The disk is full', { cause: error });
  return FAILING.has(code) ? new StorageError('unavailable', 'The disk fails', { cause: error }) : error;
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** A disk that fails or was made read-only because it did, a network disk that is away, and too many open files. */
const FAILING = new Set([
  'EIO',
  'EROFS',
  'ESTALE',
  'ETIMEDOUT',
  'ENXIO',
  'ENODEV',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
]);
