import type { Sql } from './database.ts';
import { dueAccounts, type LookedAt } from './due-accounts.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';

/** Removed messages let go in one transaction, unless so many octets are reached before: no write of the account waits long. */
export const RELEASE_AT_ONCE = { messages: 2_000, octets: 64 * 1024 * 1024 } as const;

export interface ReleaseOptions {
  readonly signal: AbortSignal;
  /** After every transaction, with all that was released so far. */
  onProgress?(sofar: Released): void;
  /** One account failed; the others are not kept from their turn. */
  onError(error: unknown, account: AccountId): void;
}

/** What is not held any more. */
export interface Released {
  /** Accounts that had something to release. */
  readonly accounts: number;
  /** Removed messages that cannot be read or brought back any more. */
  readonly messages: number;
  /** Contents that nothing needs any more, and their octets. */
  readonly contents: number;
  readonly octets: number;
  /** Those of the contents that were blobs: they are named in `removed_blobs`. */
  readonly blobs: number;
}

interface ReleasedRow {
  readonly released: number;
  readonly contents: number;
  readonly octets: number;
  readonly blobs: number;
}

/**
 * Releases what is retained longer, or is more, than its account wants, in all accounts; to be called from time to time. It can
 * be ended at any time, and run in several processes at once. No client sees anything of it.
 *
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function releaseExpired(sql: Sql, { signal, onProgress, onError }: ReleaseOptions): Promise<Released> {
  const sofar = { accounts: 0, messages: 0, contents: 0, octets: 0, blobs: 0 };
  /** One transaction. @returns how many tombstones it released */
  const releaseSlice = async (account: AccountId, wasMoved: boolean) => {
    const [row] = await sql<ReleasedRow[]>`
      select released, contents, octets, blobs from release_tombstones(
        ${account}::bigint, ${wasMoved}::boolean, ${RELEASE_AT_ONCE.messages}::integer, ${RELEASE_AT_ONCE.octets}::bigint)`;
    if (row === undefined || row.released === 0) return 0;
    sofar.messages += row.released;
    sofar.contents += row.contents;
    sofar.octets += row.octets;
    sofar.blobs += row.blobs;
    onProgress?.({ ...sofar });
    return row.released;
  };
  const release = async (account: AccountId) => {
    const before = sofar.messages;
    for (const wasMoved of [true, false]) {
      do {
        signal.throwIfAborted();
      } while ((await releaseSlice(account, wasMoved)) > 0);
    }
    if (sofar.messages > before) sofar.accounts++;
  };

  for await (const account of accountsWithExpired(sql, signal)) {
    try {
      await release(account);
    } catch (error) {
      signal.throwIfAborted();
      onError(translateDatabaseError(error, true), account);
    }
  }
  return sofar;
}

/** The accounts that have something to release, by two look-ups in an index for each account there is. */
function accountsWithExpired(sql: Sql, signal: AbortSignal): AsyncGenerator<AccountId, void> {
  return dueAccounts(
    signal,
    (above, limit) => sql.read<LookedAt[]>`
      select a.account_id as id,
             (select t.uid from tombstones as t
               where t.account_id = a.account_id and t.was_moved and t.content_id is not null
                 and t.expunged_at <= now() - interval '1 hour' limit 1) is not null
          or (select t.uid from tombstones as t
               where t.account_id = a.account_id and not t.was_moved and t.content_id is not null
                 and t.expunged_at <= now() - case when a.retained_octets > retained_octets_cap(a) then interval '1 hour'
                                                   else retention_time(a) end limit 1) is not null as "isDue"
        from accounts as a where a.account_id > ${above}::bigint order by a.account_id limit ${limit}::integer`,
  );
}
