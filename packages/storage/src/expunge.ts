import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { formatRanges, parseRanges, type UidRanges } from './uid-ranges.ts';

/** More messages than this go in several transactions, so that no other write of the account waits long. */
export const EXPUNGE_AT_ONCE = 10_000;
/** UIDs that one transaction looks among, but for a range that has more: every transaction is sent the ranges again. */
export const EXPUNGE_AMONG = 10 * EXPUNGE_AT_ONCE;

/**
 * Removes at most EXPUNGE_AT_ONCE messages with \Deleted, in one transaction under one new modseq, and leaves their tombstones.
 *
 * @returns what was removed; a null modseq if nothing was
 * @throws {StorageError} 'nonexistent' if the mailbox was deleted
 */
export async function expungeMessages(
  sql: Sql | Transaction,
  account: AccountId,
  mailbox: MailboxId,
  uids: UidRanges,
): Promise<{ readonly modseq: ModSeq | null; readonly removed: UidRanges }> {
  const [row] = await sql<{ status: 'ok' | 'nonexistent'; mod_seq: ModSeq | null; removed: string }[]>`
    select status, mod_seq, removed from expunge_messages(
      ${account}::bigint, ${mailbox}::bigint, ${formatRanges(uids)}::int8multirange, true,
      ${EXPUNGE_AT_ONCE}::integer)`;
  if (row?.status !== 'ok') throw new StorageError('nonexistent', 'No such mailbox');
  return { modseq: row.mod_seq, removed: parseRanges(row.removed) };
}

/**
 * Removes one message, whatever its flags are, and leaves its tombstone.
 *
 * @returns the modseq of the removal; null if there is no such message
 * @throws {StorageError} 'nonexistent' if the mailbox was deleted
 */
export async function removeMessage(
  sql: Sql | Transaction,
  account: AccountId,
  mailbox: MailboxId,
  uid: number,
): Promise<ModSeq | null> {
  const [row] = await sql<{ status: 'ok' | 'nonexistent'; mod_seq: ModSeq | null }[]>`
    select status, mod_seq from expunge_messages(
      ${account}::bigint, ${mailbox}::bigint, ${formatRanges([{ first: uid, last: uid }])}::int8multirange, false, 1)`;
  if (row?.status !== 'ok') throw new StorageError('nonexistent', 'No such mailbox');
  return row.mod_seq;
}
