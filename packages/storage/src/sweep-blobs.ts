import { type BlobStore, FIRST_DIGITS } from './blob-store.ts';
import type { Database, Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { RemoveBlobsOptions } from './remove-blobs.ts';
import { textArray } from './sql-arrays.ts';

/** Names held at once; each time the index of all blobs is read through. */
const NAMES_AT_ONCE = 20_000;
/**
 * Uploads in parts may take this long: 2,000 MB at the 1,000 octets a second that a client must send at least. They cost money,
 * and harm nobody else.
 */
const UNFINISHED_MS = 30 * 86_400_000;

/**
 * Removes blobs that nothing names: what a crash between the end of an upload and its commit left. Only old ones, because a
 * row that is to name a young one may be on its way.
 *
 * @returns how many
 * @throws {StorageError} 'unavailable', and as the store does; the signal's reason, if it was aborted
 */
export async function sweepBlobs({ sql }: Database, blobs: BlobStore, options: RemoveBlobsOptions): Promise<number> {
  const { graceMs, signal } = options;
  const before = Date.now() - graceMs;
  let removed = 0;
  let names: string[] = [];
  const sweep = async () => {
    for (const name of await unnamed(sql, names)) {
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

/** Those which neither a content nor a row of `removed_blobs` has, that in its own time removes it. */
async function unnamed(sql: Sql, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const rows = await sql.read<{ name: string }[]>`
    select name from unnest(${textArray(names)}::text[]) as n (name)
    except select blob_name from contents where blob_name is not null and blob_name = any (${textArray(names)}::text[])
    except select blob_name from removed_blobs`;
  return rows.map(({ name }) => name);
}
