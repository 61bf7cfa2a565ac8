import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { parseRanges, type UidRanges } from './uid-ranges.ts';

/**
 * The UIDs of messages removed after a modseq.
 *
 * @returns null if tombstones of that time may have been pruned: UIDs must be compared then
 * @throws {StorageError} 'unavailable'
 */
export async function removedSince(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  since: number,
): Promise<UidRanges | null> {
  try {
    const [row] = await sql.read<{ prunedSeq: number; removed: string }[]>`
      select b.pruned_seq as "prunedSeq",
             (select coalesce(range_agg(int8range(t.uid, t.uid + 1)), '{}')::text from tombstones as t
               where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id and t.mod_seq > ${since}::bigint
                 and b.pruned_seq <= ${since}::bigint) as removed
        from mailboxes as b
       where b.account_id = ${account}::bigint and b.mailbox_id = ${mailbox}::bigint`;
    return row === undefined || row.prunedSeq > since ? null : parseRanges(row.removed);
  } catch (error) {
    throw translateDatabaseError(error);
  }
}
