import { foldForSearch } from '@postel/mime';
import type { Sql } from './database.ts';
import { type FuzzyCriterion, likelyParts } from './fuzzy-search.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { InTurn, SearchCriterion } from './search-messages.ts';
import { numberArray } from './sql-arrays.ts';
import { eachText, ROW_OF_IDS, rowOf, SlotCounter } from './text-segment.ts';
import { slotsOf } from './text-slots.ts';

/** Of a long text these are asked for: together they leave next to nothing but what has all of them. */
const MOST_SLOTS = 12;
/** Segments read in one statement: 3 MB, where they are full. */
const SEGMENTS_AT_ONCE = 64;
/** Up to so many are small enough to cross as hexadecimal text, of a statement that is planned once. */
const FEW_SEGMENTS = 2;
/** Ids that one statement gets. */
const IDS_AT_ONCE = 4_096;
/** To look through so many messages is quicker than to ask any index. */
const FEW_MESSAGES = 48;
/** In the time that it takes to read a segment so many messages are looked through. */
const MESSAGES_A_SEGMENT = 12;
/** Above all object ids. */
const END_OF_IDS = Number.MAX_SAFE_INTEGER;

/** What the index can be asked for. */
interface Sought {
  readonly in: 'header' | 'body' | 'text';
  /** Slots, of which one list or the other is all there. */
  readonly alternatives: readonly (readonly number[])[];
  /** Fields that Postel put before a message have that in them; folded. */
  readonly needle: string;
}

/** The index of texts, as searches ask it: docs/storage.md, Search. */
export class TextIndex {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Among which of the messages those are that meet the criterion: those whose texts have all its slots, and those that are not
   * in the index yet.
   *
   * @param uids ascending
   * @returns ascending; the UIDs themselves where it is no quicker to ask the index
   * @throws the signal's reason, if it was aborted; what the database says
   */
  async narrow(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: SearchCriterion | FuzzyCriterion,
    signal: AbortSignal,
    inTurn: InTurn,
  ): Promise<Uint32Array> {
    const sought = soughtBy(criterion);
    if (sought === null || uids.length < FEW_MESSAGES) return uids;
    const segments = await inTurn(() => this.#segments(account));
    const newest = segments.at(-1);
    if (newest === undefined || uids.length < segments.length * MESSAGES_A_SEGMENT) return uids;

    const ids: number[] = [];
    for (let at = 0; at < segments.length; at += SEGMENTS_AT_ONCE) {
      signal.throwIfAborted();
      const last = Math.min(at + SEGMENTS_AT_ONCE, segments.length) - 1;
      const bounds = [segments[at] ?? 0, segments[last] ?? 0] as const;
      const how = last - at < FEW_SEGMENTS ? 'prepared' : 'inBinary';
      const found = await inTurn(() => this.#idsWith(account, sought, bounds, how));
      ids.push(...found);
      if (ids.length > uids.length) return uids;
    }
    const candidates = new Set<number>();
    for (let at = 0; at === 0 || at < ids.length; at += IDS_AT_ONCE) {
      signal.throwIfAborted();
      const slice = ids.slice(at, at + IDS_AT_ONCE);
      const after = at === 0 ? newest : END_OF_IDS;
      for (const uid of await inTurn(() => this.#withContents(account, mailbox, slice, after))) candidates.add(uid);
      if (sought.in === 'body') continue;
      for (const uid of await inTurn(() => this.#withDeliveries(account, mailbox, slice, after, sought.needle)))
        candidates.add(uid);
    }
    return uids.filter((uid) => candidates.has(uid));
  }

  /** Ascending. One that takes the place of several has the id of the last of them, so whoever goes by these misses none. */
  async #segments(account: AccountId): Promise<readonly number[]> {
    const rows = await this.#sql.read<{ id: number }[]>`
      select segment_id as id from text_index
       where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint order by segment_id`;
    return rows.map(({ id }) => id);
  }

  /** Contents and deliveries with such a text, of the segments from one to the other. */
  async #idsWith(
    account: AccountId,
    sought: Sought,
    [first, last]: readonly [number, number],
    how: 'prepared' | 'inBinary',
  ): Promise<Iterable<number>> {
    const wanted = [...new Set(sought.alternatives.flat().map(rowOf)), ROW_OF_IDS];
    const rows = await this.#sql.octetRows(how, SEGMENT_ROWS, [account, wanted, first, last]);
    const segments = new Map<string, Map<number, Buffer>>();
    for (const [id, place, octets] of rows) {
      if (!id || !place || !octets) continue;
      const key = id.toString('hex');
      const segment = segments.get(key) ?? new Map<number, Buffer>();
      segments.set(key, segment.set(place.readInt16BE(0), octets));
    }
    const found = new Set<number>();
    for (const segment of segments.values()) {
      for (const slots of sought.alternatives) {
        const counter = new SlotCounter();
        for (const slot of slots) counter.add(segment.get(rowOf(slot)) ?? NONE, slot);
        const { counts } = counter;
        if (!counts.includes(slots.length)) continue;
        eachText(segment.get(ROW_OF_IDS) ?? NONE, (number, id, isBody) => {
          if (counts[number] !== slots.length) return;
          if (sought.in === 'text' || (sought.in === 'body') === isBody) found.add(id);
        });
      }
    }
    return found;
  }

  /** UIDs of messages whose content has one of the ids, or came after that one. */
  async #withContents(
    account: AccountId,
    mailbox: MailboxId,
    ids: readonly number[],
    after: number,
  ): Promise<number[]> {
    const rows = await this.#sql.read<{ uid: number }[]>`
      select uid from messages where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
         and content_id = any (${numberArray(ids)}::bigint[])
       union all
      select uid from messages where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
         and content_id between ${after + 1}::bigint and ${END_OF_IDS}::bigint
       union all
      select uid from tombstones where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
         and content_id = any (${numberArray(ids)}::bigint[])
       union all
      select uid from tombstones where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
         and content_id between ${after + 1}::bigint and ${END_OF_IDS}::bigint`;
    return rows.map(({ uid }) => uid);
  }

  /**
   * UIDs of messages before which Postel put such a text. No index leads from a delivery to its message, so all of the mailbox
   * are looked at if there is one.
   */
  async #withDeliveries(
    account: AccountId,
    mailbox: MailboxId,
    ids: readonly number[],
    after: number,
    text: string,
  ): Promise<number[]> {
    const found = await this.#sql.read<{ id: number }[]>`
      select email_id as id from deliveries where account_id = ${account}::bigint
         and email_id = any (${numberArray(ids)}::bigint[]) and strpos(prefix_text, ${text}::text) > 0
       union all
      select email_id from deliveries where account_id = ${account}::bigint
         and email_id between ${after + 1}::bigint and ${END_OF_IDS}::bigint and strpos(prefix_text, ${text}::text) > 0`;
    if (found.length === 0) return [];
    const emails = numberArray(found.map(({ id }) => id));
    const rows = await this.#sql.read<{ uid: number }[]>`
      select m.uid from messages as m join unnest(${emails}::bigint[]) as e (email_id) using (email_id)
       where m.account_id = ${account}::bigint and m.mailbox_id = ${mailbox}::bigint
       union all
      select t.uid from tombstones as t join unnest(${emails}::bigint[]) as e (email_id) using (email_id)
       where t.account_id = ${account}::bigint and t.mailbox_id = ${mailbox}::bigint`;
    return rows.map(({ uid }) => uid);
  }
}

const NONE = Buffer.alloc(0);

const SEGMENT_ROWS = `
  select int8send(segment_id), int2send(slot_row), octets from text_index
   where account_id = $1::bigint and slot_row = any ($2::smallint[]) and segment_id between $3::bigint and $4::bigint`;

/** Null where the index cannot help: no text is asked for, or one that is too short. */
function soughtBy(criterion: SearchCriterion | FuzzyCriterion): Sought | null {
  const text = 'text' in criterion ? foldForSearch(criterion.text) : '';
  switch (criterion.type) {
    case 'text':
    case 'body':
      return soughtIn(criterion.type, evenly(slotsOf(text), MOST_SLOTS), text);
    case 'header': {
      // The text's own first: most messages have the field that is asked for.
      const slots = evenly(slotsOf(text), MOST_SLOTS);
      const name = `${foldForSearch(criterion.name).trim()}:`;
      const all = [...slots, ...evenly(slotsOf(name), MOST_SLOTS - slots.length)];
      return soughtIn('header', [...new Set(all)], text === '' ? name : text);
    }
    case 'fuzzy': {
      const alternatives = likelyParts(criterion.text).map((part) => evenly(slotsOf(part), MOST_SLOTS));
      if (alternatives.length === 0 || alternatives.some(({ length }) => length === 0)) return null;
      return { in: typeof criterion.in === 'string' ? criterion.in : 'header', alternatives, needle: '' };
    }
    default:
      return null;
  }
}

const soughtIn = (place: Sought['in'], slots: readonly number[], needle: string): Sought | null =>
  slots.length === 0 ? null : { in: place, alternatives: [slots], needle };

/** So many of a list, or all of it, from its beginning to its end. */
function evenly(list: readonly number[], most: number): readonly number[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)] ?? 0);
}
