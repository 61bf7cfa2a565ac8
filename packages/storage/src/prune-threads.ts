import type { Sql } from './database.ts';
import type { AccountId } from './ids.ts';

const THREADS_AT_ONCE = 10_000;

/**
 * Forgets the Message-IDs of threads of which the account has no message any more, nor the tombstone of one. An answer that
 * comes later begins a new thread. Reads every message of the account, and changes nothing that anybody is told of.
 *
 * @returns how many it forgot
 */
export async function pruneThreads(sql: Sql, account: AccountId): Promise<number> {
  for (let forgotten = 0; ; ) {
    const [row] = await sql<{ count: number }[]>`
      select forget_threads(${account}::bigint, ${THREADS_AT_ONCE}::integer) as count`;
    const count = row?.count ?? 0;
    forgotten += count;
    if (count < THREADS_AT_ONCE) return forgotten; // a thread has one at least
  }
}
