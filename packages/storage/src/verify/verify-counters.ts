import type { Sql } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { numberArray } from '../sql-arrays.ts';
import { type Finding, finding } from './finding.ts';

/** Messages counted in one statement, which takes well under a second; its snapshot lasts no longer. */
const SLICE_MESSAGES = 250_000;
/** Mailboxes looked at together, if their messages are no more than a slice. */
const PAGE_MAILBOXES = 500;
/** Times that a large mailbox is counted in slices before it is counted in one statement: it changed every time. */
const ATTEMPTS = 3;

/** A mailbox as its row and its messages are at one moment. */
export interface CountedMailbox {
  readonly id: MailboxId;
  readonly name: string;
  readonly isExpunged: boolean;
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly stored: Counters;
  readonly counted: Counters;
  readonly hasTombstones: boolean;
}

/** See `mailboxes` in schema/mailboxes.ts. */
interface Counters {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly octets: number;
  readonly deletedOctets: number;
}

const COUNTER_NAMES = ['messages', 'unseen', 'deleted', 'octets', 'deletedOctets'] as const;
const NOTHING: Counters = { messages: 0, unseen: 0, deleted: 0, octets: 0, deletedOctets: 0 };

type Row = Omit<CountedMailbox, 'stored' | 'counted'> & {
  readonly [Name in keyof Counters as `stored${Capitalize<Name>}`]: number;
} & Counters;

/** Counts the messages of every mailbox of an account, each mailbox as it was at one moment. */
export async function* countMailboxes(sql: Sql, account: AccountId): AsyncGenerator<CountedMailbox, void> {
  for (let above = 0; ; ) {
    const page = await sql.read<{ id: MailboxId; messages: number }[]>`
      select mailbox_id as id, messages from mailboxes
       where account_id = ${account}::bigint and mailbox_id > ${above}::bigint order by mailbox_id limit ${PAGE_MAILBOXES}::integer`;
    for (const batch of batches(page)) {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined && only.messages > SLICE_MESSAGES) {
        yield* await countLarge(sql, account, only.id);
      } else {
        yield* await count(
          sql,
          account,
          batch.map(({ id }) => id),
        );
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAILBOXES) return;
    above = last.id;
  }
}

export function* verifyCounters(
  account: AccountId,
  { id, name, stored, counted }: CountedMailbox,
): Generator<Finding, void> {
  for (const counter of COUNTER_NAMES) {
    if (stored[counter] === counted[counter]) continue;
    const what = counter === 'deletedOctets' ? 'deleted octets' : counter;
    yield finding(
      'counters',
      account,
      `its ${what} are ${stored[counter]}, counted ${counted[counter]}`,
      { repair: 'count anew' },
      { mailbox: { id, name } },
    );
  }
}

/** Mailboxes together, as many as have SLICE_MESSAGES messages; a larger one by itself. */
function* batches<Item extends { readonly messages: number }>(mailboxes: readonly Item[]): Generator<readonly Item[]> {
  let batch: Item[] = [];
  let held = 0;
  for (const mailbox of mailboxes) {
    if (batch.length > 0 && held + mailbox.messages > SLICE_MESSAGES) {
      yield batch;
      batch = [];
      held = 0;
    }
    batch.push(mailbox);
    held += mailbox.messages;
  }
  if (batch.length > 0) yield batch;
}

/** In one statement, so of one moment. */
async function count(
  sql: Sql,
  account: AccountId,
  mailboxes: readonly MailboxId[],
): Promise<readonly CountedMailbox[]> {
  const rows = await sql.read.unsafe<Row[]>(COUNT, [account, numberArray(mailboxes), 0, null], { prepare: true });
  return rows.map(countedFrom);
}

/** In slices while nothing changes in it; each says what the mailbox was like. */
async function countLarge(sql: Sql, account: AccountId, mailbox: MailboxId): Promise<readonly CountedMailbox[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const counted = await countInSlices(sql, account, mailbox);
    if (counted !== null) return counted;
  }
  return await count(sql, account, [mailbox]);
}

/** @returns null if it changed meanwhile */
async function countInSlices(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
): Promise<readonly CountedMailbox[] | null> {
  let first: CountedMailbox | null = null;
  let total = NOTHING;
  for (let above = 0; ; ) {
    const [row] = await sql.read.unsafe<(Row & { lastUid: number })[]>(
      COUNT,
      [account, numberArray([mailbox]), above, SLICE_MESSAGES],
      { prepare: true },
    );
    if (row === undefined) return [];
    const slice = countedFrom(row);
    first ??= slice;
    if (slice.highestModSeq !== first.highestModSeq) return null;
    total = sum(total, slice.counted);
    if (slice.counted.messages < SLICE_MESSAGES) return [{ ...first, counted: total }];
    above = row.lastUid;
  }
}

function countedFrom(row: Row): CountedMailbox {
  return {
    id: row.id,
    name: row.name,
    isExpunged: row.isExpunged,
    uidNext: row.uidNext,
    highestModSeq: row.highestModSeq,
    hasTombstones: row.hasTombstones,
    stored: {
      messages: row.storedMessages,
      unseen: row.storedUnseen,
      deleted: row.storedDeleted,
      octets: row.storedOctets,
      deletedOctets: row.storedDeletedOctets,
    },
    counted: {
      messages: row.messages,
      unseen: row.unseen,
      deleted: row.deleted,
      octets: row.octets,
      deletedOctets: row.deletedOctets,
    },
  };
}

const sum = (a: Counters, b: Counters): Counters => ({
  messages: a.messages + b.messages,
  unseen: a.unseen + b.unseen,
  deleted: a.deleted + b.deleted,
  octets: a.octets + b.octets,
  deletedOctets: a.deletedOctets + b.deletedOctets,
});

/** $1 account, $2 mailboxes; of each, the messages above UID $3, at most $4. */
const COUNT = `
  select b.mailbox_id as id, b.name, b.expunged_seq is not null as "isExpunged", b.uid_next as "uidNext",
         b.highest_mod_seq as "highestModSeq", b.messages as "storedMessages", b.unseen as "storedUnseen",
         b.deleted as "storedDeleted", b.octets as "storedOctets", b.deleted_octets as "storedDeletedOctets", m.*,
         exists (select from tombstones as t where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id) as "hasTombstones"
    from mailboxes as b cross join lateral (
      select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen, count(*) filter (where flags & 8 <> 0) as deleted,
             coalesce(sum(size_octets), 0)::bigint as octets,
             coalesce(sum(size_octets) filter (where flags & 8 <> 0), 0)::bigint as "deletedOctets", max(uid) as "lastUid"
        from (select uid, flags, size_octets from messages
               where account_id = b.account_id and mailbox_id = b.mailbox_id and uid > $3::bigint
               order by uid limit $4::bigint) as slice) as m
   where b.account_id = $1::bigint and b.mailbox_id = any ($2::bigint[])
   order by b.mailbox_id`;
