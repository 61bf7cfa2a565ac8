import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';
import { batches, type MissingTexts } from './missing-texts.ts';
import { numberArray } from './sql-arrays.ts';
import { ROW_OF_IDS, readIds, SegmentBuilder } from './text-segment.ts';

/**
 * An account is due when it has given out so many object ids since its newest segment: some 500 messages, which a search looks
 * through in 20 ms. Larger segments are quicker to search and to make.
 */
const DUE_IDS = 1_024;
/** Rows listed at once: a segment has room for the two texts of each. */
const LISTED = 2_048;
/** Segments made of one account before others have their turn. */
const SEGMENTS_A_TURN = 4;
const ACCOUNTS_AT_ONCE = 1_000;

export interface IndexingOptions {
  readonly signal: AbortSignal;
  /** Told for each segment. @param texts put into the index so far, headers and bodies */
  onProgress(texts: number): void;
}

interface ListedText {
  readonly id: number;
  readonly octets: number;
}

/**
 * Puts texts into the index, behind those who store mail: a segment at a time, each a transaction of its own. It may be ended at
 * any time; two at once make segments twice, which does no harm.
 */
export class TextIndexer {
  readonly #sql: Sql;
  readonly #missingTexts: MissingTexts;

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
   * Makes segments anew of whose texts half are gone, or more. Nobody finds those, but they take room.
   *
   * @returns how many it was
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async prune(account: AccountId, signal: AbortSignal): Promise<number> {
    try {
      let pruned = 0;
      const segments = await this.#sql.read<{ id: number }[]>`
        select segment_id as id from text_index
         where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint order by segment_id`;
      for (const { id } of segments) {
        signal.throwIfAborted();
        if (await this.#pruneSegment(account, id, signal)) pruned++;
      }
      return pruned;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  async #pruneSegment(account: AccountId, id: number, signal: AbortSignal): Promise<boolean> {
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
    await this.#write(account, id, await this.#makeSegment(account, left, signal));
    return true;
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
    const { listed, upTo } = await this.#list(account);
    const ids = listed.map(({ id }) => id);
    await this.#missingTexts.fillIn(account, ids, signal);
    const segment = await this.#makeSegment(account, listed, signal);
    const end = segment.isFull ? segment.lastId : upTo;
    await this.#write(account, end, segment);
    took(segment.count);
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
   * What comes next, by ascending ids, and up to which id that is all. Ids are given out under the account row: who sees one
   * sees all below it.
   */
  async #list(account: AccountId): Promise<{ readonly listed: readonly ListedText[]; readonly upTo: number }> {
    const rows = await this.#sql.read<{ id: number; octets: number | null; nextObjectId: number }[]>`
      with newest as (
        select a.next_object_id, coalesce((
                 select max(segment_id) from text_index as t
                  where t.account_id = a.account_id and t.slot_row = ${ROW_OF_IDS}::smallint), 0) as segment_id
          from accounts as a where a.account_id = ${account}::bigint)
      select n.next_object_id as "nextObjectId", l.id, l.octets from newest as n left join lateral (
        (select content_id as id, octet_length(header_text) + octet_length(search_text) as octets from contents
          where account_id = ${account}::bigint and content_id > n.segment_id order by content_id limit ${LISTED}::integer)
        union all
        (select email_id, octet_length(prefix_text) from deliveries
          where account_id = ${account}::bigint and email_id > n.segment_id order by email_id limit ${LISTED}::integer)
        order by id limit ${LISTED}::integer) as l on true
       order by l.id`;
    const listed = rows.filter(({ id }) => id !== null).map(({ id, octets }) => ({ id, octets: octets ?? 0 }));
    const upTo = listed.length === LISTED ? listed.at(-1)?.id : (rows[0]?.nextObjectId ?? 1) - 1;
    return { listed, upTo: upTo ?? 0 };
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

  async #write(account: AccountId, id: number, segment: SegmentBuilder): Promise<void> {
    const rows = segment.rows();
    const starts: number[] = [];
    for (let at = 1, i = 0; i < rows.length; at += rows[i++]?.length ?? 0) starts.push(at);
    await this.#sql.begin(async (tx) => {
      // Nobody removes the account meanwhile, or its rows would stay.
      const [owner] = await tx<object[]>`select from accounts where account_id = ${account}::bigint for key share`;
      if (owner === undefined) return;
      await tx`
        insert into text_index (account_id, slot_row, segment_id, octets)
        select ${account}::bigint, r.number - 1, ${id}::bigint, substring(${Buffer.concat(rows)}::bytea from r.start for r.length)
          from unnest(${numberArray(starts)}::integer[], ${numberArray(rows.map(({ length }) => length))}::integer[])
               with ordinality as r (start, length, number)
            on conflict (account_id, slot_row, segment_id) do update set octets = excluded.octets`;
    });
  }
}
