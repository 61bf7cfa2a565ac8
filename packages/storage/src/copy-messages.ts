import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { countUids, formatRanges, joinRanges, parseRanges, type UidRanges } from './uid-ranges.ts';

/** More messages than this are moved in several transactions, so that no other write of the account waits long. */
export const MOVE_AT_ONCE = 10_000;

/** What COPYUID tells (RFC 4315 §3): the lowest of `source` became the lowest of `target`, and so on. */
export interface Copied {
  /** Null if there was nothing to copy. */
  readonly modseq: ModSeq | null;
  /** Of the target. */
  readonly uidvalidity: number;
  readonly source: UidRanges;
  readonly target: UidRanges;
}

export interface CopyRequest {
  readonly source: MailboxId;
  readonly uids: UidRanges;
  /** May be the source. */
  readonly target: MailboxId;
  /** `whole`: all messages that are named, or none; `present`: those of them that are there; `move`: MOVE_AT_ONCE of these, out of the source. */
  readonly what: 'whole' | 'present' | 'move';
}

const failures = {
  nonexistent: 'No such mailbox',
  'over-quota': 'The account is over its quota',
  'too-many-keywords': 'The mailbox has too many keywords',
  'uid-exhausted': 'The mailbox has no UIDs left',
} as const;

/**
 * Copies or moves messages within an account, in one transaction under one new modseq: as many as there are, but for a
 * move. What a message was comes with it, but for its UID and save date; the content stays where it is.
 *
 * @returns null if `whole` was asked for and some are not there: nothing was copied
 * @throws {StorageError} 'nonexistent' (the target), 'over-quota' (not for a move), 'too-many-keywords', 'uid-exhausted'
 */
export async function copyMessages(
  sql: Sql | Transaction,
  account: AccountId,
  { source, uids, target, what }: CopyRequest,
): Promise<Copied | null> {
  const [row] = await sql<
    {
      status: 'ok' | 'expunged' | keyof typeof failures;
      mod_seq: ModSeq | null;
      uidvalidity: number;
      copied: string;
      first_uid: number;
    }[]
  >`
    select status, mod_seq, uidvalidity, copied, first_uid from copy_messages(
      ${account}::bigint, ${source}::bigint, ${formatRanges(uids)}::int8multirange, ${target}::bigint,
      ${what === 'move'}::boolean, ${what === 'whole'}::boolean, ${what === 'move' ? MOVE_AT_ONCE : null}::integer)`;
  if (row === undefined) throw new Error('copy_messages gave no answer');
  if (row.status === 'expunged') return null;
  if (row.status !== 'ok') throw new StorageError(row.status, failures[row.status]);
  const { mod_seq: modseq, uidvalidity, first_uid: first } = row;
  const copied = parseRanges(row.copied);
  const count = countUids(copied);
  return { modseq, uidvalidity, source: copied, target: count === 0 ? [] : [{ first, last: first + count - 1 }] };
}

/** Several transactions, of ascending UIDs, as one answer; null if there was none. */
export function joinCopied(done: readonly Copied[]): Copied | null {
  const last = done.at(-1);
  if (last === undefined) return null;
  return {
    modseq: done.findLast(({ modseq }) => modseq !== null)?.modseq ?? null,
    uidvalidity: last.uidvalidity,
    source: joinRanges(done.map(({ source }) => source)),
    target: joinRanges(done.map(({ target }) => target)),
  };
}
