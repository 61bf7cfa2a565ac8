import type { Sql, Transaction } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';
import { type ListedSegment, mergeableSegments } from './mergeable-segments.ts';
import { batches, type MissingTexts } from './missing-texts.ts';
import { numberArray } from './sql-arrays.ts';
import { MOST_TEXTS, ROW_OF_IDS, readIds, SegmentBuilder } from './text-segment.ts';

/**
 * An account is due when it has given out so many object ids since its newest segment: some 128 messages, which a search looks
 * through in a few ms. A segment of much fewer would have as many octets as they.
 */
const DUE_IDS = 256;
/** Rows listed at once: a segment has room for the two texts of each. */
const LISTED = 2_048;
/** Segments made of one account before others have their turn. */
const SEGMENTS_A_TURN = 4;
const ACCOUNTS_AT_ONCE = 1_000;
/** Runs of segments that are remembered to have no room in one. */
const MOST_RUNS = 10_000;

export interface IndexingOptions {
  readonly signal: AbortSignal;
  /** Told for each segment. @param texts put into the index so far, headers and bodies */
  onProgress(texts: number): void;
}

interface ListedText {
  readonly id: number;
  readonly octets: number;
}

/** A piece of an account's index that one segment is to take the place of: neighbours, or what is behind the last one if there are none. */
interface Piece {
  /** The id of the segment before it, 0 if it is the first. */
  readonly after: number;
  readonly replaced: readonly number[];
}

/**
 * Puts texts into the index, behind those who store mail: a segment at a time, each a transaction of its own. It may be ended at
 * any time; of two at once that make the same segment the second comes too late and leaves it.
 */
export class TextIndexer {
  readonly #sql: Sql;
  readonly #missingTexts: MissingTexts;
  /** Runs of segments that are too many entries for one: to know that they are read, which is much where texts are long. */
  readonly #tooLarge = new Set<string>();

  constructor(sql: Sql, missingTexts: MissingTexts) {
    this.#sql = sql;
    this.#missingTexts = missingTexts;
  }

  /**
   * Until no account is due.
   *
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async index(options: IndexingOptions): Promise<void> {
    let texts = 0;
    const took = (count: number) => {
      options.signal.throwIfAborted();
      texts += count;
      options.onProgress(texts);
    };
    try {
      for (let isDone = false; !isDone; ) {
        isDone = true;
        for (let last = 0, accounts: readonly AccountId[] = []; ; last = accounts.at(-1) ?? last) {
          accounts = await this.#dueAccounts(last);
          for (const account of accounts) {
            for (let i = 0; i < SEGMENTS_A_TURN && (await this.#addSegment(account, options.signal, took)); i++);
            await this.#merge(account, options.signal);
            isDone = false;
          }
          if (accounts.length < ACCOUNTS_AT_ONCE) break;
        }
      }
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /**
   * Makes segments anew of whose texts half are gone, or more: nobody finds those, but they take room. Then merges those that have
   * become small, or were always.
   *
   * @returns how many it was, and how many were merged
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async prune(account: AccountId, signal: AbortSignal): Promise<number> {
    try {
      let pruned = 0;
      let after = 0;
      for (const { id } of await this.#segments(account)) {
        signal.throwIfAborted();
        if (await this.#pruneSegment(account, after, id, signal)) pruned++;
        after = id;
      }
      return pruned + (await this.#merge(account, signal));
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /**
   * Takes all segments behind that one away, and makes them anew; meanwhile searches look through what was in them.
   *
   * @param after 0: all that there are
   */
  async remake(account: AccountId, after: number, signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.#sql.begin(async (tx) => {
      await takeIndex(tx, account);
      await tx`delete from text_index where account_id = ${account}::bigint and segment_id > ${after}::bigint`;
    });
    do signal.throwIfAborted();
    while (await this.#addSegment(account, signal, () => {}));
    await this.#merge(account, signal);
  }

  async #segments(account: AccountId): Promise<readonly ListedSegment[]> {
    return await this.#sql.read<ListedSegment[]>`
      select segment_id as id, octet_length(octets) as texts from text_index
       where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint order by segment_id`;
  }

  async #pruneSegment(account: AccountId, after: number, id: number, signal: AbortSignal): Promise<boolean> {
    const [row] = await this.#sql.read<{ octets: Buffer }[]>`
      select octets from text_index
       where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint and segment_id = ${id}::bigint`;
    const ids = new Set(readIds(row?.octets ?? Buffer.alloc(0)));
    const left = await this.#sql.read<ListedText[]>`
      select content_id as id, coalesce(octet_length(header_text) + octet_length(search_text), 0) as octets from contents
       where account_id = ${account}::bigint and content_id = any (${numberArray(ids)}::bigint[])
       union all
      select email_id, coalesce(octet_length(prefix_text), 0) from deliveries
       where account_id = ${account}::bigint and email_id = any (${numberArray(ids)}::bigint[])
       order by id`;
    if (left.length * 2 > ids.size || ids.size === 0) return false;
    // Without texts it stays as well: the newest one tells how far the index goes.
    const segment = await this.#makeSegment(account, left, signal);
    return await this.#put(account, { after, replaced: [id] }, id, async () => segment);
  }

  /** Makes one segment of several, until no more are worth it. @returns how many are gone */
  async #merge(account: AccountId, signal: AbortSignal): Promise<number> {
    let merged = 0;
    for (let isDone = false; !isDone; ) {
      isDone = true;
      const segments = await this.#segments(account);
      for (const run of mergeableSegments(segments, MOST_TEXTS)) {
        signal.throwIfAborted();
        if (!(await this.#mergeRun(account, segments, run))) continue;
        merged += run.length - 1;
        isDone = false;
        break;
      }
    }
    return merged;
  }

  #rememberTooLarge(name: string): void {
    this.#tooLarge.add(name);
    const [oldest] = this.#tooLarge;
    if (this.#tooLarge.size > MOST_RUNS && oldest !== undefined) this.#tooLarge.delete(oldest);
  }

  /** @returns whether there was room for them in one, and nobody else was quicker */
  async #mergeRun(
    account: AccountId,
    segments: readonly ListedSegment[],
    run: readonly ListedSegment[],
  ): Promise<boolean> {
    const name = `${account} ${run.map(({ id, texts }) => `${id}:${texts}`).join(' ')}`;
    if (this.#tooLarge.has(name)) return false;
    const [first, last] = [run[0]?.id ?? 0, run.at(-1)?.id ?? 0];
    const after = segments.findLast(({ id }) => id < first)?.id ?? 0;
    const replaced = run.map(({ id }) => id);
    return await this.#put(account, { after, replaced }, last, async (tx) => {
      const whole = new SegmentBuilder();
      for (const id of replaced) {
        const rows = await tx<{ octets: Buffer }[]>`
          select octets from text_index
           where account_id = ${account}::bigint and slot_row = any (${ALL_ROWS}::smallint[]) and segment_id = ${id}::bigint
           order by slot_row`;
        const octets = rows.map((row) => row.octets);
        const texts = readIds(octets[ROW_OF_IDS] ?? Buffer.alloc(0)).length;
        if (octets.length <= ROW_OF_IDS || !whole.hasRoomFor(texts, Buffer.concat(octets).length)) {
          this.#rememberTooLarge(name);
          return null;
        }
        whole.addSegment(octets);
      }
      return whole;
    });
  }

  async #dueAccounts(above: number): Promise<readonly AccountId[]> {
    const rows = await this.#sql.read<{ account: AccountId }[]>`
      select a.account_id as account from accounts as a
       where a.account_id > ${above}::bigint
         and a.next_object_id > ${DUE_IDS}::integer + coalesce((
               select max(segment_id) from text_index as t
                where t.account_id = a.account_id and t.slot_row = ${ROW_OF_IDS}::smallint), 0)
       order by a.account_id limit ${ACCOUNTS_AT_ONCE}::integer`;
    return rows.map(({ account }) => account);
  }

  /** @returns whether there may be enough for another one */
  async #addSegment(account: AccountId, signal: AbortSignal, took: (count: number) => void): Promise<boolean> {
    const { listed, after, upTo } = await this.#list(account);
    if (upTo <= after) return false; // somebody else has just been here
    const ids = listed.map(({ id }) => id);
    await this.#missingTexts.fillIn(account, ids, signal);
    const segment = await this.#makeSegment(account, listed, signal);
    const end = segment.isFull ? segment.lastId : upTo;
    if (await this.#put(account, { after, replaced: [] }, end, async () => segment)) took(segment.count);
    return segment.isFull;
  }

  /** Of as many as it has room for. */
  async #makeSegment(account: AccountId, listed: readonly ListedText[], signal: AbortSignal): Promise<SegmentBuilder> {
    const segment = new SegmentBuilder();
    for (const batch of batches(listed, ({ octets }) => octets)) {
      signal.throwIfAborted();
      for (const { id, header, body } of await this.#read(account, batch)) {
        if (!segment.isFull) segment.add(id, header, body);
      }
      if (segment.isFull) break;
    }
    return segment;
  }

  /**
   * What comes next behind the newest segment, by ascending ids, and up to which id that is all. Ids are given out under the account row: who sees one
   * sees all below it.
   */
  async #list(account: AccountId) {
    const rows = await this.#sql.read<{ id: number; octets: number | null; nextObjectId: number; after: number }[]>`
      with newest as (
        select a.next_object_id, coalesce((
                 select max(segment_id) from text_index as t
                  where t.account_id = a.account_id and t.slot_row = ${ROW_OF_IDS}::smallint), 0) as segment_id
          from accounts as a where a.account_id = ${account}::bigint)
      select n.next_object_id as "nextObjectId", n.segment_id as after, l.id, l.octets from newest as n left join lateral (
        (select content_id as id, octet_length(header_text) + octet_length(search_text) as octets from contents
          where account_id = ${account}::bigint and content_id > n.segment_id order by content_id limit ${LISTED}::integer)
        union all
        (select email_id, octet_length(prefix_text) from deliveries
          where account_id = ${account}::bigint and email_id > n.segment_id order by email_id limit ${LISTED}::integer)
        order by id limit ${LISTED}::integer) as l on true
       order by l.id`;
    const listed = rows.filter(({ id }) => id !== null).map(({ id, octets }) => ({ id, octets: octets ?? 0 }));
    const upTo = listed.length === LISTED ? listed.at(-1)?.id : (rows[0]?.nextObjectId ?? 1) - 1;
    return { listed, after: rows[0]?.after ?? 0, upTo: upTo ?? 0 };
  }

  /** One that has gone since it was listed is left out. */
  async #read(account: AccountId, batch: readonly ListedText[]) {
    const ids = numberArray(batch.map(({ id }) => id));
    return await this.#sql.read<{ id: number; header: string | null; body: string | null }[]>`
      select content_id as id, header_text as header, search_text as body from contents
       where account_id = ${account}::bigint and content_id = any (${ids}::bigint[])
       union all
      select email_id, prefix_text, '' from deliveries
       where account_id = ${account}::bigint and email_id = any (${ids}::bigint[])
       order by id`;
  }

  /**
   * Puts a segment in the place of others. Nobody waits for it but who writes to the same index; the account's row is taken only
   * against its removal.
   *
   * @param make null: nothing is put there
   * @returns whether it was put there, and not somebody else's before
   */
  async #put(
    account: AccountId,
    { after, replaced }: Piece,
    id: number,
    make: (tx: Transaction) => Promise<SegmentBuilder | null>,
  ): Promise<boolean> {
    return await this.#sql.begin(async (tx) => {
      await takeIndex(tx, account);
      const found = await tx<{ id: number }[]>`
        select segment_id as id from text_index
         where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint and segment_id >= ${after}::bigint
         order by segment_id limit ${replaced.length + 2}::integer`;
      const expected = [...(after > 0 ? [after] : []), ...replaced];
      const isThere = expected.every((each, at) => found[at]?.id === each);
      if (!isThere || (replaced.length === 0 && found.length > expected.length)) return false;
      const segment = await make(tx);
      if (segment === null) return false;
      // Nobody removes the account meanwhile, or its rows would stay.
      const [owner] = await tx<object[]>`select from accounts where account_id = ${account}::bigint for key share`;
      if (owner === undefined) return false;
      await tx`
        delete from text_index
         where account_id = ${account}::bigint and slot_row = any (${ALL_ROWS}::smallint[])
           and segment_id = any (${numberArray(replaced.filter((each) => each !== id))}::bigint[])`;
      const rows = segment.rows();
      const starts: number[] = [];
      for (let at = 1, i = 0; i < rows.length; at += rows[i++]?.length ?? 0) starts.push(at);
      await tx`
        insert into text_index (account_id, slot_row, segment_id, octets)
        select ${account}::bigint, r.number - 1, ${id}::bigint, substring(${Buffer.concat(rows)}::bytea from r.start for r.length)
          from unnest(${numberArray(starts)}::integer[], ${numberArray(rows.map(({ length }) => length))}::integer[])
               with ordinality as r (start, length, number)
            on conflict (account_id, slot_row, segment_id) do update set octets = excluded.octets`;
      return true;
    });
  }
}

/** The index of an account has one writer at a time, until that one's transaction ends. */
async function takeIndex(tx: Transaction, account: AccountId): Promise<void> {
  await tx`select pg_advisory_xact_lock(${INDEX_LOCKS}::integer, hashint8(${account}::bigint))`;
}

/** `TEXT` in ASCII. */
const INDEX_LOCKS = 0x54455854;
const ALL_ROWS = numberArray(Array.from({ length: ROW_OF_IDS + 1 }, (_, row) => row));
