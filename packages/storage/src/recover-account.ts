import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';

/** Mailboxes that an account may have made and lost since its last UIDVALIDITY that anybody remembers. */
const UIDVALIDITY_LEAD = 10_000;
/** 2^32 changes, or object ids: ten days of 5,000 changes a second of one account. Two million recoveries fit below 2^53. */
const LEAD = 4_294_967_296;

/** An account that takes no change, because it went back in time. */
export interface RewoundAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly rewoundAt: Date;
  readonly modseq: number;
  /** Null: the server of the database is another one; nobody has seen more of this account. */
  readonly seenModseq: number | null;
}

export interface Recovered {
  /** That have a new UIDVALIDITY. */
  readonly mailboxes: number;
  readonly modseqBefore: number;
  readonly modseq: number;
  /** The lowest of the new ones. */
  readonly uidvalidity: number;
}

/** By ascending name. @throws {StorageError} 'unavailable' */
export async function findRewoundAccounts(sql: Sql): Promise<readonly RewoundAccount[]> {
  try {
    return await sql.read<RewoundAccount[]>`
      select account_id as id, name, rewound_at as "rewoundAt", modseq, seen_modseq as "seenModseq" from accounts
       where rewound_at is not null order by name`;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/**
 * Lets an account go on whose database went back in time: every mailbox gets a new UIDVALIDITY, so that clients forget what
 * they know of it, and modseq and object ids go on above all that may have been given out. Every process hears of it.
 *
 * @returns null if there is no such account
 * @throws {StorageError} 'unavailable', 'outcome-unknown'
 */
export async function recoverAccount(sql: Sql, account: AccountId): Promise<Recovered | null> {
  try {
    const [recovered] = await sql<Recovered[]>`
      select mailboxes, modseq_before as "modseqBefore", modseq, uidvalidity
        from recover_account(${account}::bigint, ${UIDVALIDITY_LEAD}::bigint, ${LEAD}::bigint)`;
    return recovered ?? null;
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
}

/**
 * Lets an account go on as it is, because nothing was lost, as when the database moved to another server.
 *
 * @returns false if somebody has seen more of it than there is: nothing was changed
 * @throws {StorageError} 'unavailable', 'outcome-unknown'
 */
export async function trustAccount(sql: Sql, account: AccountId): Promise<boolean> {
  try {
    const { count } = await sql`
      update accounts set rewound_at = null, seen_modseq = null, seen_uidvalidity = null
       where account_id = ${account}::bigint and modseq >= coalesce(seen_modseq, 0)
         and next_uidvalidity >= coalesce(seen_uidvalidity, 0)`;
    return count > 0;
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
}
