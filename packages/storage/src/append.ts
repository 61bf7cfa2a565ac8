import { prefixText } from './content-text.ts';
import type { Content } from './content-writer.ts';
import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { Flags } from './flags.ts';
import { type AccountId, type MailboxId, type ModSeq, modSeq, type Uid, uid } from './ids.ts';
import type { WriteName } from './last-writes.ts';
import type { Arrived, OwnChange, OwnChanges } from './own-change.ts';
import { type EnvelopeDetails, encodeArrival } from './received-envelope.ts';
import { numberArray, textArray } from './sql-arrays.ts';
import { countUids, parseRanges } from './uid-ranges.ts';

/** How a message came by SMTP or LMTP. */
export interface Arrival {
  /** Header fields that Postel puts before the content, each ending in CRLF. */
  readonly prefix: Buffer;
  /** '' for the null reverse-path (RFC 5321 §4.5.5). */
  readonly reversePath: string;
  readonly forwardPath: string;
  /** As in the `with` clause of Received: `ESMTPSA` ... (RFC 3848). */
  readonly protocol: string;
  readonly clientAddress: string | null;
  /** What the client said in EHLO. */
  readonly clientName: string | null;
  readonly details: EnvelopeDetails;
}

export interface NewMessage {
  /** A name: the mailbox that has it when the statement begins, which saves asking for it. */
  readonly mailbox: MailboxId | string;
  readonly content: Content;
  readonly flags: Flags;
  /** Epoch ms. */
  readonly internalDate: number;
  /** Null for APPEND. */
  readonly arrival: Arrival | null;
}

/** RFC 4315 §3 APPENDUID, and the modseq that the message got. */
export interface Appended {
  readonly uid: Uid;
  readonly uidvalidity: number;
  readonly modseq: ModSeq;
  readonly isBlobKept: boolean;
  /** All that came under that modseq; null if that is not known. */
  readonly together: OwnChanges | null;
}

const failures = {
  nonexistent: 'No such mailbox',
  'over-quota': 'The account is over its quota',
  'too-many-keywords': 'The mailbox has too many keywords',
  'uid-exhausted': 'The mailbox has no UIDs left',
} as const;

/** Of a link-local IPv6 address (RFC 4007 §11); Postgres does not know it. */
const ZONE = /%.*$/;

/**
 * Appends messages to mailboxes of one account, or all to one by its name, in one transaction under one modseq: one round trip
 * for all of them. Their blobs have names for the account already.
 *
 * @param name leaves word of which write this is (last-writes.ts); null if the transaction has its name already
 * @returns for each message, in the order given, what became of it; one failing does not fail the others
 */
export async function appendMessages(
  sql: Sql | Transaction,
  account: AccountId,
  messages: readonly NewMessage[],
  name: WriteName | null,
): Promise<readonly (Appended | StorageError)[]> {
  const order = orderByMailbox(messages);
  const sorted = order.map((index) => messages[index]).filter((message) => message !== undefined);
  const lengths: number[] = [];
  const octets: Buffer[] = [];
  for (const { content, arrival } of sorted) {
    for (const piece of [
      content.hash,
      content.envelope,
      content.bodyStructure,
      content.body,
      content.partIndex,
      arrival?.prefix,
      content.octets,
      Buffer.from(content.text.preview),
      Buffer.from(content.text.searchText),
      Buffer.from(content.text.headerText),
      arrival && Buffer.from(prefixText(arrival.prefix)),
      Buffer.from(content.summary.summary),
      content.summary.threadKeys,
    ]) {
      lengths.push(piece?.length ?? 0);
      if (piece) octets.push(piece);
    }
  }
  const column = (of: (message: NewMessage) => number) => numberArray(sorted.map(of));
  const text = (of: (message: NewMessage) => string | null) => textArray(sorted.map(of));

  const [first] = messages;
  const targets =
    typeof first?.mailbox === 'string'
      ? sql`array_fill(coalesce((
          select mailbox_id from mailboxes
           where account_id = ${account}::bigint and name = ${first.mailbox}::text and expunged_seq is null), 0), ${numberArray([sorted.length])}::integer[])`
      : sql`${column((m) => idOf(m))}::bigint[]`;
  const owner =
    name === null
      ? sql`${account}::bigint`
      : sql`name_write(${account}::bigint, ${name.writer}::uuid, ${name.number}::bigint)`;

  // Without the argument it is another function, which is faster: most messages are in no blob.
  const blobChecksums = messages.some(({ content }) => content.blob !== null)
    ? sql`, ${text(({ content }) => hexadecimal(content.blobChecksums))}::bytea[]`
    : sql``;

  const rows = await sql<AppendedRow[]>`
    select status, uid, uidvalidity, mod_seq, is_blob_kept, targets.ids[1] as first_target
      from (select ${targets} as ids offset 0) as targets cross join lateral append_messages(
      ${owner},
      targets.ids,
      ${column((m) => m.flags.system)}::smallint[],
      ${text((m) => m.flags.keywords.join(' '))}::text[],
      ${column((m) => m.internalDate)}::bigint[],
      ${column((m) => m.content.sizeOctets)}::bigint[],
      ${column((m) => m.content.headerOctets)}::bigint[],
      ${text(({ content }) => content.blob?.nameFor(account) ?? null)}::text[],
      ${numberArray(lengths)}::integer[],
      ${Buffer.concat(octets)}::bytea,
      ${text((m) => m.arrival?.reversePath ?? null)}::text[],
      ${text((m) => m.arrival?.forwardPath ?? null)}::text[],
      ${text((m) => m.arrival && encodeArrival(m.arrival))}::text[],
      ${text((m) => m.arrival?.clientAddress?.replace(ZONE, '') ?? null)}::text[],
      ${text((m) => m.arrival?.clientName ?? null)}::text[],
      ${text(({ content }) => content.text.sentDate)}::date[],
      ${text(({ content }) => content.summary.sentAt?.toString() ?? null)}::bigint[]
      ${blobChecksums})`;

  const together = arrivals(rows, sorted);
  const results: (Appended | StorageError)[] = new Array(messages.length);
  rows.forEach(({ status, ...row }, position) => {
    const index = order[position] ?? position;
    if (status !== 'ok') {
      results[index] = new StorageError(status, failures[status]);
      return;
    }
    const { uidvalidity, is_blob_kept: isBlobKept } = row;
    results[index] = { uid: uid(row.uid), uidvalidity, modseq: modSeq(row.mod_seq), isBlobKept, together };
  });
  return results;
}

interface AppendedRow {
  readonly status: keyof typeof failures | 'ok';
  readonly uid: number;
  readonly uidvalidity: number;
  readonly mod_seq: number;
  readonly is_blob_kept: boolean;
  /** The only one, if it was named. */
  readonly first_target: MailboxId;
}

/** @param messages those of the rows */
function arrivals(rows: readonly AppendedRow[], messages: readonly NewMessage[]): OwnChanges {
  const byMailbox = new Map<MailboxId, Arrived[]>();
  const asked = new Set<MailboxId>();
  rows.forEach(({ status, uid, first_target }, position) => {
    const message = messages[position];
    if (status !== 'ok' || message === undefined) return;
    const mailbox = typeof message.mailbox === 'number' ? message.mailbox : first_target;
    const arrived = byMailbox.get(mailbox) ?? [];
    byMailbox.set(mailbox, arrived);
    arrived.push({ uid, flags: message.flags.system });
    if (message.flags.keywords.length > 0) asked.add(mailbox); // the database gives keywords their ids
  });
  return new Map(
    [...byMailbox].map(([mailbox, messages]): [MailboxId, OwnChange] => [
      mailbox,
      asked.has(mailbox) ? { type: 'other' } : { type: 'arrived', messages },
    ]),
  );
}

/** Messages of one statement, and the octets that they have together, but for a message alone: a statement is held several times over. */
const TOGETHER_MESSAGES = 64;
const TOGETHER_OCTETS = 4 * 1024 * 1024;

/**
 * Appends messages to mailboxes of one account, each behind the one before it, in a transaction that has its name already.
 *
 * @throws {StorageError} as `appendMessages` says of one of them: the transaction is to be rolled back
 */
export async function appendInTransaction(
  tx: Transaction,
  account: AccountId,
  messages: readonly NewMessage[],
): Promise<readonly Appended[]> {
  const done: Appended[] = [];
  for (const batch of batches(messages)) {
    for (const result of await appendMessages(tx, account, batch, null)) {
      if (result instanceof StorageError) throw result;
      done.push(result);
    }
  }
  return done;
}

function* batches(messages: readonly NewMessage[]): Generator<readonly NewMessage[]> {
  let batch: NewMessage[] = [];
  let octets = 0;
  for (const message of messages) {
    const more = heldOctets(message.content);
    if (batch.length === TOGETHER_MESSAGES || (batch.length > 0 && octets + more > TOGETHER_OCTETS)) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(message);
    octets += more;
  }
  if (batch.length > 0) yield batch;
}

/** What a content takes in memory until it is appended, roughly. */
export function heldOctets({ octets, text, bodyStructure, envelope }: Content): number {
  const texts = text.searchText.length + text.headerText.length;
  return (octets?.length ?? 0) + texts + bodyStructure.length + envelope.length;
}

function idOf(message: NewMessage | undefined): number {
  if (typeof message?.mailbox !== 'number') throw new Error('messages to a mailbox by its name stand alone');
  return message.mailbox;
}

/** The function wants the messages of a mailbox together; the order within it is the order of arrival. */
function orderByMailbox(messages: readonly NewMessage[]): readonly number[] {
  const order = messages.map((_, index) => index);
  if (messages.some(({ mailbox }) => mailbox !== messages[0]?.mailbox)) {
    order.sort((a, b) => idOf(messages[a]) - idOf(messages[b]) || a - b);
  }
  return order;
}

/**
 * What `appendMessages` would have answered, had its answer not been lost, by what its transaction left. Of a message that is not
 * there nobody knows why it was refused.
 *
 * @param xid its transaction, which was committed
 */
export async function findAppended(
  tx: Transaction,
  account: AccountId,
  messages: readonly NewMessage[],
  xid: string,
): Promise<readonly (Appended | StorageError)[]> {
  const touched = await tx<{ mailbox: MailboxId; modseq: number; uidvalidity: number; uids: string }[]>`
    select c.mailbox_id as mailbox, c.mod_seq as modseq, b.uidvalidity, c.uids::text as uids
      from changes as c join mailboxes as b using (account_id, mailbox_id)
     where c.account_id = ${account}::bigint and c.xmin = ${xid}::xid`;
  const results: (Appended | StorageError)[] = messages.map(
    () => new StorageError('unavailable', 'The message was refused, and the connection to the database broke'),
  );
  for (const { mailbox, modseq, uidvalidity, uids } of touched) {
    // They were given out in this order. A message may have been moved or expunged since: its tombstone knows its content too.
    const rows = await tx<{ uid: number; hash: Buffer; blob_name: string | null }[]>`
      select m.uid, c.hash, c.blob_name
        from (select uid, content_id from messages
               where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint and uid <@ ${uids}::int8multirange
              union all
              select uid, content_id from tombstones
               where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint and uid <@ ${uids}::int8multirange) as m
        join contents as c on c.account_id = ${account}::bigint and c.content_id = m.content_id
       order by m.uid`;
    if (rows.length < countUids(parseRanges(uids))) throw new Error('messages that were appended left no trace');
    const waiting = [...messages.keys()].filter((index) => {
      const wanted = messages[index]?.mailbox;
      return typeof wanted === 'string' || wanted === mailbox;
    });
    for (const row of rows) {
      const at = waiting.findIndex((index) => messages[index]?.content.hash.equals(row.hash));
      const [index] = waiting.splice(0, at + 1).slice(-1);
      const blob = index === undefined ? null : messages[index]?.content.blob;
      if (index === undefined) continue;
      const isBlobKept = row.blob_name !== null && row.blob_name === blob?.nameFor(account);
      results[index] = { uid: uid(row.uid), uidvalidity, modseq: modSeq(modseq), isBlobKept, together: null };
    }
  }
  return results;
}

/** As an array of bytea has it. */
function hexadecimal(octets: Buffer | null): string | null {
  return octets === null ? null : `\\x${octets.toString('hex')}`;
}
