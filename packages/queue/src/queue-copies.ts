import { type AccountId, numberArray, type Sql, type Transaction } from '@postel/storage';
import type { LeasedRecipient } from './queue-rows.ts';

/** What a lease says of copies for accounts here, in the transaction that would deliver them. */
export type CopiesTaken =
  /** They are to be delivered, and have been once this is committed. */
  | 'taken'
  /** One of them has been: whoever asks had no answer, or has begun anew. */
  | 'delivered'
  /** Somebody else may have the row. */
  | 'lost';

/**
 * Notes that accounts have their copy of what a recipient stands for, in the transaction that delivers it: what is not known of that
 * transaction, or not written down because the process ends, the next attempt knows. The lease lasts anew, and nobody else takes the row
 * before the transaction has ended.
 */
export async function takeCopies(
  tx: Transaction,
  { id, lease }: LeasedRecipient,
  accounts: readonly AccountId[],
  leaseMs: number,
): Promise<CopiesTaken> {
  const { count } = await tx`
    update queue_recipients set next_attempt_at = now() + make_interval(secs => ${leaseMs / 1_000})
     where recipient_id = ${id}::bigint and lease = ${lease}::uuid`;
  if (count === 0) return 'lost';
  const noted = await tx`
    insert into queue_copies (recipient_id, account_id)
    select ${id}::bigint, account_id from unnest(${numberArray(accounts)}::bigint[]) as named (account_id)
        on conflict do nothing`;
  return noted.count === accounts.length ? 'taken' : 'delivered';
}

/** Who has a copy, or has one waiting. */
export async function copiesOf(sql: Sql, { id }: LeasedRecipient): Promise<ReadonlySet<AccountId>> {
  const rows = await sql<{ account: AccountId }[]>`
    select account_id as account from queue_copies where recipient_id = ${id}::bigint`;
  return new Set(rows.map(({ account }) => account));
}

/** Nobody asks any more. */
export async function forgetCopies(tx: Transaction, recipients: readonly number[]): Promise<void> {
  if (recipients.length === 0) return;
  await tx`delete from queue_copies where recipient_id = any(${numberArray(recipients)}::bigint[])`;
}
