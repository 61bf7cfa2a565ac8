import type { Quota } from '@postel/quota';
import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId } from './ids.ts';

/** The use and the limits of an account as its row has them; `quotaOf` makes a Quota of it. */
export interface QuotaRow {
  readonly usedOctets: number;
  readonly usedMessages: number;
  readonly usedMailboxes: number;
  readonly quotaOctets: number | null;
  readonly quotaMessages: number | null;
  readonly quotaMailboxes: number | null;
}

/** Of `accounts as a`. */
export const quotaColumns = (sql: Sql | Transaction) => sql`
  a.used_octets as "usedOctets", a.used_messages as "usedMessages", a.used_mailboxes as "usedMailboxes",
  a.quota_octets as "quotaOctets", a.quota_messages as "quotaMessages", a.quota_mailboxes as "quotaMailboxes"`;

export function quotaOf(row: QuotaRow): Quota {
  return {
    use: { octets: row.usedOctets, messages: row.usedMessages, mailboxes: row.usedMailboxes },
    limits: { octets: row.quotaOctets, messages: row.quotaMessages, mailboxes: row.quotaMailboxes },
  };
}

/** What an account holds and may hold, at the moment of asking. @throws {StorageError} 'nonexistent' */
export async function readQuota(sql: Sql, account: AccountId): Promise<Quota> {
  const [row] = await sql.read<QuotaRow[]>`
    select ${quotaColumns(sql)} from accounts as a where a.account_id = ${account}::bigint`;
  if (row === undefined) throw new StorageError('nonexistent', 'The account has gone');
  return quotaOf(row);
}
