import type { BlobStore } from './blob-store.ts';
import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import { ALL_SYSTEM_FLAGS, type FlagScope } from './flags.ts';
import type { AccountId, ContentId, MailboxId, ModSeq } from './ids.ts';
import { numberArray, textArray } from './sql-arrays.ts';
import { countUids, formatRanges, joinRanges, parseRanges, type UidRanges } from './uid-ranges.ts';

/** More messages than this are moved in several transactions, so that no other write of the account waits long. */
export const MOVE_AT_ONCE = 10_000;

/** As many, where each is made anew. */
export const CARRY_AT_ONCE = 1_000;

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
 * @throws {StorageError} 'nonexistent' (the target), 'over-quota' (for a move only out of Rejects), 'too-many-keywords', 'uid-exhausted'
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

/** Where messages are to be copied. */
export interface CopyTarget {
  readonly account: AccountId;
  readonly id: MailboxId;
  /** The flags that come along; left out: all. */
  readonly flags?: FlagScope;
}

/** Messages in another account's mailbox and in this one are two: nothing that belongs to one account is the other's. */
export interface CarryRequest extends Omit<CopyRequest, 'target'> {
  readonly target: CopyTarget;
}

/** Of messages that were copied to another account. */
export interface Carried extends Copied {
  /** Of the source, if messages left it. */
  readonly sourceModSeq: ModSeq | null;
}

/**
 * As copyMessages, to a mailbox of another account: what the messages are there is made anew, with its own content, email and thread
 * ids. A move leaves messages that were expunged, which the owner can bring back, and is a matter of quota.
 *
 * @throws {StorageError} as copyMessages; 'over-quota' also for a move
 */
export async function carryMessages(
  tx: Transaction,
  account: AccountId,
  { source, uids, target, what }: CarryRequest,
  blobs: CopiedBlobs,
): Promise<Carried | null> {
  const { system, hasKeywords } = target.flags ?? { system: ALL_SYSTEM_FLAGS, hasKeywords: true };
  const [row] = await tx<
    {
      status: 'ok' | 'expunged' | 'changed' | keyof typeof failures;
      mod_seq: ModSeq | null;
      source_seq: ModSeq | null;
      uidvalidity: number;
      copied: string;
      first_uid: number;
      blobs: string;
      isRejects: boolean;
    }[]
  >`
    select status, mod_seq, source_seq, uidvalidity, copied, first_uid, array_to_string(blobs, ' ') as blobs,
           exists (select from mailboxes as b
                    where b.account_id = ${target.account}::bigint and b.mailbox_id = ${target.id}::bigint and b.is_rejects)
             as "isRejects"
      from carry_messages(
      ${account}::bigint, ${source}::bigint, ${formatRanges(uids)}::int8multirange, ${target.account}::bigint, ${target.id}::bigint,
      ${what === 'move'}::boolean, ${what === 'whole'}::boolean, ${what === 'move' ? CARRY_AT_ONCE : null}::integer,
      ${system}::smallint, ${hasKeywords}::boolean, ${numberArray(blobs.contents)}::bigint[], ${textArray(blobs.names)}::text[])`;
  if (row === undefined) throw new Error('carry_messages gave no answer');
  // Known from before the lock: a mailbox is Rejects from its beginning. What was done is rolled back.
  if (row.isRejects) throw new StorageError('nonexistent', failures.nonexistent);
  if (row.status === 'expunged') return null;
  // What was to be copied is not what was looked at: nobody needs to know why.
  if (row.status === 'changed') throw new StorageError('unavailable', 'The messages have changed meanwhile');
  if (row.status !== 'ok') throw new StorageError(row.status, failures[row.status]);
  blobs.keep(row.blobs.split(' '));
  const copied = parseRanges(row.copied);
  const count = countUids(copied);
  return {
    modseq: row.mod_seq,
    sourceModSeq: row.source_seq,
    uidvalidity: row.uidvalidity,
    source: copied,
    target: count === 0 ? [] : [{ first: row.first_uid, last: row.first_uid + count - 1 }],
  };
}

/**
 * Copies of the blobs that messages have their contents in, for another account: all of them, whether that has the content already
 * or not, so that nobody can tell from the time what it has.
 */
export class CopiedBlobs {
  readonly #blobs: BlobStore;
  readonly #names = new Map<ContentId, string>();
  readonly #kept = new Set<string>();

  private constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** What cannot be copied, because it has gone meanwhile, makes the copy of its message fail. */
  static async of(
    blobs: BlobStore,
    sql: Sql,
    account: AccountId,
    mailbox: MailboxId,
    uids: UidRanges,
  ): Promise<CopiedBlobs> {
    const copied = new CopiedBlobs(blobs);
    const rows = await sql.read<{ id: ContentId; name: string }[]>`
      select distinct c.content_id as id, c.blob_name as name
        from uids_among(${account}::bigint, ${mailbox}::bigint, ${formatRanges(uids)}::int8multirange, false) as u
        join messages as m on m.account_id = ${account}::bigint and m.mailbox_id = ${mailbox}::bigint and m.uid = u.uid
        join contents as c on c.account_id = ${account}::bigint and c.content_id = m.content_id
       where c.blob_name is not null`;
    try {
      for (const { id, name } of rows) copied.#names.set(id, await blobs.copy(name));
      return copied;
    } catch (error) {
      await copied.discard();
      throw error;
    }
  }

  get contents(): readonly ContentId[] {
    return [...this.#names.keys()];
  }

  get names(): readonly string[] {
    return [...this.#names.values()];
  }

  /** Rows name these now. */
  keep(names: readonly string[]): void {
    for (const name of names) this.#kept.add(name);
  }

  /** Rows may name any of them. */
  keepAll(): void {
    this.keep(this.names);
  }

  /** Removes those that no row names. One that cannot be removed is swept later. */
  async discard(): Promise<void> {
    for (const name of this.names) if (!this.#kept.has(name)) await this.#blobs.remove(name).catch(() => {});
  }
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
