import type { Sql, Transaction } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { numberArray } from './sql-arrays.ts';

/** The mailboxes of accounts that have a special use (RFC 6154 §2); of those accounts that have one. */
export async function findSpecialUse(
  sql: Sql | Transaction,
  accounts: readonly AccountId[],
  use: string,
): Promise<ReadonlyMap<AccountId, MailboxId>> {
  const rows = await sql.read<{ account: AccountId; id: MailboxId }[]>`
    select account_id as account, mailbox_id as id from mailboxes
     where account_id = any(${numberArray(accounts)}::bigint[]) and special_use = ${use}::text and expunged_seq is null`;
  return new Map(rows.map(({ account, id }) => [account, id]));
}
