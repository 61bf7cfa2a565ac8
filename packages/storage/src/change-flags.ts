import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import { type FlagEdit, keywordMode, systemFlagMasks } from './flags.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { textArray } from './sql-arrays.ts';
import { formatRanges, parseRanges, type UidRanges } from './uid-ranges.ts';

/** More messages than this go in several transactions, so that no other write of the account waits long. */
export const CHANGE_AT_ONCE = 10_000;

export interface FlagsChanged {
  /** Of the last transaction that changed something; null if no message changed. */
  readonly modseq: ModSeq | null;
  readonly changed: UidRanges;
  /** Messages left alone because their modseq was above `unchangedSince`. */
  readonly conflicts: UidRanges;
  /** The transactions that changed something: one, or more above CHANGE_AT_ONCE messages. */
  readonly parts: readonly { readonly modseq: ModSeq; readonly changed: UidRanges }[];
}

/**
 * Edits the flags of messages in one mailbox, CHANGE_AT_ONCE at most, in one transaction under one new modseq of the account. A message already
 * as asked keeps its modseq, and if none changes the mailbox keeps its HIGHESTMODSEQ (RFC 7162 §3.1.11).
 *
 * @param unchangedSince leave alone messages with a higher modseq; null for no condition
 * @returns nextUid: where the messages begin that were too many to look at, if there were
 * @throws {StorageError} 'nonexistent'; 'too-many-keywords'
 */
export async function changeFlags(
  sql: Sql | Transaction,
  account: AccountId,
  mailbox: MailboxId,
  uids: UidRanges,
  edit: FlagEdit,
  unchangedSince: ModSeq | null,
): Promise<FlagsChanged & { readonly nextUid: number | null }> {
  const { keep, set } = systemFlagMasks(edit);
  const [row] = await sql<
    {
      status: 'ok' | 'nonexistent' | 'too-many-keywords';
      mod_seq: ModSeq | null;
      changed: string;
      conflicts: string;
      next_uid: number | null;
    }[]
  >`
    select status, mod_seq, changed, conflicts, next_uid from change_flags(
      ${account}::bigint, ${mailbox}::bigint, ${formatRanges(uids)}::int8multirange, ${keep}::smallint, ${set}::smallint,
      ${keywordMode(edit)}::text, ${textArray(edit.keywords)}::text[], ${unchangedSince}::bigint,
      ${CHANGE_AT_ONCE}::integer)`;
  if (row?.status === 'too-many-keywords')
    throw new StorageError(row.status, 'The mailbox, or the message, has too many keywords');
  if (row?.status !== 'ok') throw new StorageError('nonexistent', 'No such mailbox');
  const { mod_seq: modseq, next_uid: nextUid } = row;
  const changed = parseRanges(row.changed);
  const parts = modseq === null ? [] : [{ modseq, changed }];
  return { modseq, changed, conflicts: parseRanges(row.conflicts), parts, nextUid };
}

/** Several transactions, of ascending UIDs, as one answer. */
export function joinFlagsChanged(done: readonly FlagsChanged[]): FlagsChanged {
  const parts = done.flatMap((part) => part.parts);
  return {
    modseq: parts.at(-1)?.modseq ?? null,
    changed: done.flatMap(({ changed }) => changed),
    conflicts: done.flatMap(({ conflicts }) => conflicts),
    parts,
  };
}
