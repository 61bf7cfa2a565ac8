import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { rangesOf, type UidRanges } from './uid-ranges.ts';

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
    const [row] = await sql.read<{ prunedSeq: number; removed: Buffer | null }[]>`
      select b.pruned_seq as "prunedSeq",
             (select string_agg(substring(int8send(t.uid) from 5), ''::bytea) from tombstones as t
               where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id and t.mod_seq > ${since}::bigint
                 and b.pruned_seq <= ${since}::bigint) as removed
        from mailboxes as b
       where b.account_id = ${account}::bigint and b.mailbox_id = ${mailbox}::bigint`;
    if (row === undefined || row.prunedSeq > since) return null;
    return rangesOf(unpackUids(row.removed ?? Buffer.alloc(0)).sort());
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Four octets each: as ranges they would cost Postgres twice as much. */
function unpackUids(packed: Buffer): Uint32Array {
  const uids = new Uint32Array(packed.length / 4);
  for (let i = 0; i < uids.length; i++) uids[i] = packed.readUInt32BE(4 * i);
  return uids;
}
