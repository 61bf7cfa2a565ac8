import type { BlobStore } from './blob-store.ts';
import type { Database, Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';
import { numberArray, textArray } from './sql-arrays.ts';

export interface RemoveBlobsOptions {
  /** What has been unneeded for less stays: longer than any upload takes from its last octet to its commit, and any read. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

interface RemovedBlob {
  readonly account: AccountId;
  readonly name: string;
  /** A content has it, so that it must stay; names are never given twice, so this is only ever a mistake. */
  readonly isNamed: boolean;
}

/** Rows looked at in one statement. */
const AT_ONCE = 200;
/** Requests at the same time: each waits for a store that may be far away. */
const REMOVALS_AT_ONCE = 8;
/** Then it is not the blobs but the store. */
const MOST_FAILURES = 10;

/**
 * Removes the blobs of contents that are gone. The blob goes first and its row in `removed_blobs` after it: a crash between
 * the two leaves a row, whose blob is then found to be gone. One that cannot be removed keeps no other from it.
 *
 * @returns how many
 * @throws {StorageError} 'unavailable', and as the store does; the signal's reason, if it was aborted
 */
export async function removeBlobs({ sql }: Database, blobs: BlobStore, options: RemoveBlobsOptions): Promise<number> {
  let removed = 0;
  const failures: unknown[] = [];
  let after: Pick<RemovedBlob, 'account' | 'name'> | null = null;
  try {
    for (;;) {
      const rows: readonly RemovedBlob[] = await unneeded(sql, options.graceMs, after);
      for (let at = 0; at < rows.length; at += REMOVALS_AT_ONCE) {
        options.signal.throwIfAborted();
        const some = rows.slice(at, at + REMOVALS_AT_ONCE);
        const outcomes = await Promise.allSettled(
          some.map(async ({ name, isNamed }) => (isNamed ? undefined : await blobs.remove(name))),
        );
        const gone = some.filter((_, i) => outcomes[i]?.status === 'fulfilled');
        await forget(sql, gone);
        removed += gone.length;
        failures.push(...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
        if (failures.length >= MOST_FAILURES) throw failures[0];
      }
      after = rows.at(-1) ?? null;
      if (rows.length === AT_ONCE) continue;
      if (failures.length > 0) throw failures[0];
      return removed;
    }
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

async function unneeded(
  sql: Sql,
  graceMs: number,
  after: Pick<RemovedBlob, 'account' | 'name'> | null,
): Promise<readonly RemovedBlob[]> {
  return await sql.read<RemovedBlob[]>`
    select r.account_id as account, r.blob_name as name,
           exists (select from contents as c where c.account_id = r.account_id and c.blob_name = r.blob_name) as "isNamed"
      from removed_blobs as r
     where (r.account_id, r.blob_name) > (${after?.account ?? 0}::bigint, ${after?.name ?? ''}::text)
       and r.removed_at < now() - make_interval(secs => ${graceMs / 1_000}::double precision)
     order by r.account_id, r.blob_name limit ${AT_ONCE}::integer`;
}

async function forget(sql: Sql, rows: readonly RemovedBlob[]): Promise<void> {
  await sql`
    delete from removed_blobs as r
     using unnest(${numberArray(rows.map(({ account }) => account))}::bigint[],
                  ${textArray(rows.map(({ name }) => name))}::text[]) as n (account_id, blob_name)
     where r.account_id = n.account_id and r.blob_name = n.blob_name`;
}
