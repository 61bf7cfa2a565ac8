import { foldForSearch } from '@postel/mime';
import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { numberArray } from './sql-arrays.ts';

/** What to look for in messages. Days are midnights UTC in epoch ms, null for no bound; texts are compared folded. */
export type SearchCriterion =
  /** The internal date is `from` or later, and earlier than `before`. */
  | { readonly type: 'internal-date'; readonly from: number | null; readonly before: number | null }
  /** The same of the moment at which the message came into its mailbox (RFC 8514 §3). */
  | { readonly type: 'save-date'; readonly from: number | null; readonly before: number | null }
  /** The same, to the millisecond. */
  | { readonly type: 'internal-moment'; readonly from: number | null; readonly before: number | null }
  /** The same of the day that the Date field names. Without one that can be read a message meets no such criterion. */
  | { readonly type: 'sent-date'; readonly from: number | null; readonly before: number | null }
  /** All copies of one arrival, and all messages of one thread, have the same (RFC 8474 §5). */
  | { readonly type: 'email-id' | 'thread-id'; readonly id: number }
  /** RFC822.SIZE lies between these, both not included. */
  | { readonly type: 'size'; readonly above: number | null; readonly below: number | null }
  /** A header field of this name has the text in its value; an empty text asks whether there is such a field. */
  | { readonly type: 'header'; readonly name: string; readonly text: string }
  | { readonly type: 'body'; readonly text: string }
  /** Header, Postel's own fields too, or body. */
  | { readonly type: 'text'; readonly text: string };

/** Whether a criterion asks for what `MissingTexts` may have to fill in. */
export const asksForText = ({ type }: SearchCriterion): boolean => TEXT_CRITERIA.has(type);
const TEXT_CRITERIA: ReadonlySet<SearchCriterion['type']> = new Set(['sent-date', 'header', 'body', 'text']);

/**
 * Messages that one statement looks at: so many at first, then as many as take about this long; never so many that their
 * texts, should all be of the largest, could not be looked through before the statement's time is over.
 */
const FIRST_SLICE = 64;
const MOST_SLICE = 2_048;
const SLICE_MS = 100;
/** The id of a content is as near as that to the email id of the message that it first came with, as a rule. */
const NEAR_IDS = 256;

/** Runs something when it is its turn. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * Finds those of the messages that meet a criterion; one that was expunged in the meantime is looked up among the
 * tombstones, one that is gone altogether meets none. Slice by slice, so that no statement takes long.
 *
 * @param uids ascending
 * @param inTurn runs each statement
 * @param onSearched told after each how many were looked at
 * @returns theirs, ascending
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function searchMessages(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  uids: Uint32Array,
  criterion: SearchCriterion,
  signal: AbortSignal,
  inTurn: InTurn,
  onSearched: (messages: number) => void = () => {},
): Promise<Uint32Array> {
  if (criterion.type === 'email-id') {
    const all = await inTurn(() => findByEmail(sql, account, mailbox, criterion.id));
    if (all !== null) return uids.filter((uid) => all.has(uid));
  }
  const { from, condition, values } = statementParts(criterion);
  const text = statement(from, condition);
  const found = new Uint32Array(uids.length);
  let count = 0;
  const lookAt = async (asked: Uint32Array) => {
    const parameters = [account, mailbox, numberArray(asked), ...values];
    const [row] = await sql.unsafe<{ packed: Buffer | null }[]>(text, parameters, { prepare: true });
    const packed = row?.packed ?? NONE;
    for (let offset = 0; offset < packed.length; offset += 4) found[count++] = packed.readUInt32BE(offset);
  };
  await inSlices(uids, lookAt, { signal, inTurn, onSearched });
  return found.slice(0, count);
}

/**
 * The messages of a mailbox that have an email id, without a look at others. No index leads to them, but one does from their
 * content, which is the same for all.
 *
 * @returns null if it is not known which content that is: there are none, or it came before with another message
 */
async function findByEmail(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  id: number,
): Promise<ReadonlySet<number> | null> {
  const [first, last] = [id - NEAR_IDS, id + NEAR_IDS];
  try {
    const [row] = await sql.read<{ content: number | null; uids: string }[]>`
      with near as (
        select content_id from messages where account_id = ${account}::bigint and email_id = ${id}::bigint
           and content_id between ${first}::bigint and ${last}::bigint
         union all
        select content_id from tombstones where account_id = ${account}::bigint and email_id = ${id}::bigint
           and content_id between ${first}::bigint and ${last}::bigint
         limit 1)
      select (select content_id from near) as content, coalesce(string_agg(uid::text, ','), '') as uids from (
        select uid from messages where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
           and email_id = ${id}::bigint and content_id = (select content_id from near)
         union all
        select uid from tombstones where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
           and email_id = ${id}::bigint and content_id = (select content_id from near)) as found`;
    return row === undefined || row.content === null ? null : new Set(row.uids.split(',').map(Number));
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

export interface SliceOptions {
  readonly signal: AbortSignal;
  /** Runs each statement. */
  readonly inTurn: InTurn;
  /** Told after each how many messages were looked at. */
  onSearched(messages: number): void;
}

/**
 * Looks at messages with one statement after the other, of which none takes long.
 *
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function inSlices(
  uids: Uint32Array,
  lookAt: (slice: Uint32Array) => Promise<void>,
  { signal, inTurn, onSearched }: SliceOptions,
): Promise<void> {
  let size = FIRST_SLICE;
  for (let at = 0; at < uids.length; ) {
    signal.throwIfAborted();
    const slice = uids.subarray(at, at + size);
    try {
      const tookMs = await inTurn(async () => {
        const startedAt = performance.now();
        await lookAt(slice);
        return performance.now() - startedAt;
      });
      if (tookMs < SLICE_MS / 2) size = Math.min(size * 2, MOST_SLICE);
      else if (tookMs > SLICE_MS * 2) size = Math.max(size >> 1, 1);
    } catch (error) {
      throw translateDatabaseError(error);
    }
    at += slice.length;
    onSearched(at);
  }
}

/**
 * As `m`, messages of the account $1 and the mailbox $2 with UIDs of $3, whether expunged or not, as long as their content is
 * there: a message is a row of one of the two tables, in any snapshot.
 */
export const MESSAGES_AND_TOMBSTONES = `
  (select account_id, uid, content_id, email_id, thread_id, prefix_octets, size_octets, internal_date, save_date
     from messages where account_id = $1::bigint and mailbox_id = $2::bigint and uid = any ($3::bigint[])
    union all
   select account_id, uid, content_id, email_id, thread_id, prefix_octets, size_octets, internal_date, save_date
     from tombstones where account_id = $1::bigint and mailbox_id = $2::bigint and uid = any ($3::bigint[])
                       and content_id is not null) as m`;

const NONE = Buffer.alloc(0);

interface StatementParts {
  readonly from: string;
  readonly condition: string;
  readonly values: readonly (string | number | null)[];
}

const CONTENTS = 'join contents as c using (account_id, content_id)';
const DELIVERIES = `left join deliveries as d
                      on m.prefix_octets > 0 and d.account_id = m.account_id and d.email_id = m.email_id`;

/** The text of a statement depends on the type of the criterion alone. A text is looked for by strpos, which skips most of it; LIKE does not. */
function statementParts(criterion: SearchCriterion): StatementParts {
  switch (criterion.type) {
    case 'internal-date':
      return { from: '', condition: isBetweenDays('m.internal_date'), values: days(criterion) };
    case 'internal-moment':
      return {
        from: '',
        condition: `m.internal_date >= coalesce(to_timestamp($4::double precision / 1000), '-infinity')
                and m.internal_date < coalesce(to_timestamp($5::double precision / 1000), 'infinity')`,
        values: [criterion.from, criterion.before],
      };
    case 'save-date':
      return { from: '', condition: isBetweenDays('m.save_date'), values: days(criterion) };
    case 'email-id':
      return { from: '', condition: 'm.email_id = $4::bigint', values: [criterion.id] };
    case 'thread-id':
      return { from: '', condition: 'm.thread_id = $4::bigint', values: [criterion.id] };
    case 'sent-date':
      return {
        from: CONTENTS,
        condition: 'c.sent_date >= $4::text::date and c.sent_date < $5::text::date',
        values: days(criterion),
      };
    case 'size':
      return {
        from: '',
        condition: 'm.size_octets > $4::bigint and m.size_octets < $5::bigint',
        values: [criterion.above ?? -1, criterion.below ?? Number.MAX_SAFE_INTEGER],
      };
    case 'header': {
      const name = `${foldForSearch(criterion.name).trim()}:`;
      return {
        from: `${CONTENTS} ${DELIVERIES}`,
        // The first two find the few headers where to look closer.
        condition: `(strpos(c.header_text, $5::text) > 0 and strpos(c.header_text, $4::text) > 0 and ${hasField('c.header_text')})
                    or (strpos(d.prefix_text, $5::text) > 0 and strpos(d.prefix_text, $4::text) > 0 and ${hasField('d.prefix_text')})`,
        values: [name, foldForSearch(criterion.text)],
      };
    }
    case 'body':
      return {
        from: CONTENTS,
        condition: 'strpos(c.search_text, $4::text) > 0',
        values: [foldForSearch(criterion.text)],
      };
    case 'text':
      return {
        from: `${CONTENTS} ${DELIVERIES}`,
        condition: `strpos(c.header_text, $4::text) > 0 or strpos(d.prefix_text, $4::text) > 0
                    or strpos(c.search_text, $4::text) > 0`,
        values: [foldForSearch(criterion.text)],
      };
    default:
      return criterion satisfies never;
  }
}

const isBetweenDays = (moment: string) =>
  `${moment} >= $4::text::date::timestamp at time zone 'UTC' and ${moment} < $5::text::date::timestamp at time zone 'UTC'`;

const hasField = (header: string) =>
  `exists (select from string_to_table(${header}, E'\\n') as field
            where starts_with(field, $4::text) and strpos(substr(field, length($4::text) + 1), $5::text) > 0)`;

const statement = (from: string, condition: string) => `
  select string_agg(substring(int8send(m.uid) from 5), ''::bytea order by m.uid) as packed
    from ${MESSAGES_AND_TOMBSTONES} ${from}
   where ${condition}`;

function days({ from, before }: { readonly from: number | null; readonly before: number | null }): string[] {
  return [from === null ? '-infinity' : day(from), before === null ? 'infinity' : day(before)];
}

/** As Postgres reads a day (from text, or the driver would write it its own way), which knows no year 0 and, as ISO 8601, writes five digits otherwise. */
function day(epochMs: number): string {
  const year = new Date(epochMs).getUTCFullYear();
  if (year < 1) return '-infinity';
  return year > 9_999 ? 'infinity' : new Date(epochMs).toISOString().slice(0, 10);
}
