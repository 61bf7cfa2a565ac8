import { type BlobStore, FIRST_DIGITS } from './blob-store.ts';
import type { Database, Sql } from './database.ts';
import { StorageError, translateDatabaseError, WAITS_FOR_RECOVERY } from './errors.ts';
import type { RemoveBlobsOptions } from './remove-blobs.ts';
import { textArray } from './sql-arrays.ts';

/** Crashes leave few. Where more than these, and more than half of the old blobs, have no name, it is the database that is wrong. */
const UNNAMED_AT_LEAST = 20;
/** Names held at once; each time the index of all blobs is read through. */
const NAMES_AT_ONCE = 20_000;
/**
 * Uploads in parts may take this long: 2,000 MB at the 1,000 octets a second that a client must send at least. They cost money,
 * and harm nobody else.
 */
const UNFINISHED_MS = 30 * 86_400_000;

/**
 * Removes blobs that nothing names: what a crash between the end of an upload and its commit left. Only old ones, because a
 * row that is to name a young one may be on its way. And none while the database may be another than the one to which they belong:
 * older, as long as an account waits for recovery, or empty, or a copy, as long as it names less than half of them.
 *
 * @returns how many
 * @throws {StorageError} 'unavailable', also for a database that may be wrong; as the store does; the signal's reason, if it was aborted
 */
export async function sweepBlobs({ sql }: Database, blobs: BlobStore, options: RemoveBlobsOptions): Promise<number> {
  const { graceMs, signal } = options;
  const before = Date.now() - graceMs;
  let removed = 0;
  let names: string[] = [];
  const sweep = async () => {
    const left = await unnamed(sql, names);
    await requireOurs(sql, { unnamed: left.length, old: names.length });
    for (const name of left) {
      signal.throwIfAborted();
      await blobs.remove(name);
      removed++;
    }
    names = [];
  };
  try {
    for (const digits of FIRST_DIGITS) {
      signal.throwIfAborted();
      for await (const { name, modifiedAt } of blobs.list(digits)) {
        if (modifiedAt.getTime() >= before) continue;
        names.push(name);
        if (names.length === NAMES_AT_ONCE) await sweep();
      }
    }
    await sweep();
    await blobs.removeUnfinished(new Date(Date.now() - UNFINISHED_MS));
    return removed;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** @throws {StorageError} 'unavailable': what has no name here may have one in the database that belongs to the store */
async function requireOurs(
  sql: Sql,
  { unnamed, old }: { readonly unnamed: number; readonly old: number },
): Promise<void> {
  if (unnamed === 0) return;
  if (unnamed > UNNAMED_AT_LEAST && unnamed > old / 2) {
    throw new StorageError(
      'unavailable',
      `This database knows nothing of ${unnamed} of ${old} old blobs, so it may not be the one that they belong to: none of these was removed. ` +
        'If they are of an installation that is gone, remove them, or give this one a directory or prefix of its own',
    );
  }
  const { length } = await sql.read`select from accounts where rewound_at is not null limit 1`;
  if (length > 0) throw new StorageError('unavailable', WAITS_FOR_RECOVERY);
}

/** Those which neither a content nor a row of `removed_blobs` has, that in its own time removes it. */
async function unnamed(sql: Sql, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const rows = await sql.read<{ name: string }[]>`
    select name from unnest(${textArray(names)}::text[]) as n (name)
    except select blob_name from contents where blob_name is not null and blob_name = any (${textArray(names)}::text[])
    except select blob_name from removed_blobs`;
  return rows.map(({ name }) => name);
}
