import type { Sql } from '../database.ts';
import type { AccountId } from '../ids.ts';
import { batches } from '../missing-texts.ts';
import { numberArray } from '../sql-arrays.ts';
import { eachEntry, MOST_TEXTS, ROW_OF_IDS, readIds, SegmentBuilder } from '../text-segment.ts';
import { type Finding, finding } from './finding.ts';

export interface IndexBreach {
  readonly found: Finding;
  /** Segments up to this id are as they should be. */
  readonly after: number;
}

interface Segment {
  readonly id: number;
  /** By their place. */
  readonly rows: readonly Buffer[];
  readonly ids: readonly number[];
}

interface NumberedText {
  readonly id: number;
  readonly header: string | null;
  readonly body: string | null;
}

/**
 * Whether a search finds by the index of texts what is in them: each text up to where the index goes is in it, with all its slots.
 * That it has more than that does no harm. Segment by segment, since they are merged meanwhile.
 *
 * @param readsTexts whether slots are compared, for which every text is read
 * @returns the first segment that lacks something, which may be the reason why others do; null if none
 * @throws the signal's reason, if it was aborted
 */
export async function verifyTextIndex(
  sql: Sql,
  account: AccountId,
  readsTexts: boolean,
  signal: AbortSignal | undefined,
): Promise<IndexBreach | null> {
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const segment = await nextSegment(sql, account, after, readsTexts);
    if (segment === null) return null;
    const problem =
      problemOf(segment, readsTexts) ??
      (await missingFrom(sql, account, after, segment)) ??
      (readsTexts ? await unfoundIn(sql, account, segment, signal) : null);
    if (problem !== null) {
      const told = `segment ${segment.id} of its index of texts ${problem}`;
      return { found: finding('texts', account, told, { repair: 'make it anew, and those behind it' }), after };
    }
    after = segment.id;
  }
}

async function nextSegment(sql: Sql, account: AccountId, after: number, isWhole: boolean): Promise<Segment | null> {
  const wanted = numberArray(isWhole ? PLACES : [ROW_OF_IDS]);
  const rows = await sql.read<{ id: number; place: number; octets: Buffer }[]>`
    select segment_id as id, slot_row as place, octets from text_index
     where account_id = ${account}::bigint and slot_row = any (${wanted}::smallint[]) and segment_id = (
       select min(segment_id) from text_index
        where account_id = ${account}::bigint and slot_row = ${ROW_OF_IDS}::smallint and segment_id > ${after}::bigint)
     order by slot_row`;
  const [first] = rows;
  if (first === undefined) return null;
  const byPlace = new Map(rows.map(({ place, octets }) => [place, octets]));
  const ids = readIds(byPlace.get(ROW_OF_IDS) ?? NONE);
  return { id: first.id, rows: isWhole ? PLACES.map((place) => byPlace.get(place) ?? NONE) : [], ids };
}

function problemOf({ id, rows, ids }: Segment, isWhole: boolean): string | null {
  if (isWhole && rows.some(({ length }, place) => length === 0 && place < ROW_OF_IDS)) return 'lacks rows';
  const areInOrder = ids.every((each, at) => each > (ids[at - 2] ?? 0) && each >= (ids[at - 1] ?? 0) && each <= id);
  return areInOrder && ids.length <= MOST_TEXTS ? null : 'has ids that cannot be';
}

/** Ids are given out in the order of commits, so none comes up to there any more. */
async function missingFrom(sql: Sql, account: AccountId, after: number, { id, ids }: Segment): Promise<string | null> {
  const rows = await sql.read<{ id: number; count: number }[]>`
    select min(id) as id, count(*) as count from (
      select content_id as id from contents
       where account_id = ${account}::bigint and content_id > ${after}::bigint and content_id <= ${id}::bigint
       union all
      select email_id from deliveries
       where account_id = ${account}::bigint and email_id > ${after}::bigint and email_id <= ${id}::bigint
      except select unnest(${numberArray(ids)}::bigint[])) as missing
    having count(*) > 0`;
  const [missing] = rows;
  return missing === undefined ? null : `lacks ${missing.count} texts, the first of them with id ${missing.id}`;
}

/** By the slots of each text that is still there. A text that is not known has none yet. */
async function unfoundIn(
  sql: Sql,
  account: AccountId,
  { rows, ids }: Segment,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const computed = new SegmentBuilder();
  /** Of each text in `computed` its number in the segment. */
  const numbers: number[] = [];
  let next = 0;
  for (const batch of batches([...new Set(ids)], () => 0)) {
    signal?.throwIfAborted();
    for (const { id, header, body } of await readTexts(sql, account, batch)) {
      if (header === null || body === null) continue;
      next = ids.indexOf(id, next);
      if (body !== '' && ids[next + 1] !== id) return `lacks the body of content ${id}`;
      computed.add(id, header, body);
      numbers.push(next, ...(body === '' ? [] : [next + 1]));
    }
  }
  const isThere = new Uint8Array(MOST_TEXTS);
  for (const [place, row] of computed.rows().slice(0, ROW_OF_IDS).entries()) {
    const stored = slotsOf(rows[place] ?? NONE);
    for (const [slot, wanted] of slotsOf(row)) {
      isThere.fill(0);
      for (const number of stored.get(slot) ?? []) isThere[number] = 1;
      const unfound = wanted.find((number) => isThere[numbers[number] ?? 0] !== 1);
      if (unfound !== undefined) return `does not say all that is in the text with id ${ids[numbers[unfound] ?? 0]}`;
    }
  }
  return null;
}

function slotsOf(row: Buffer): ReadonlyMap<number, readonly number[]> {
  const slots = new Map<number, number[]>();
  eachEntry(row, (slot, number) => {
    const numbers = slots.get(slot);
    if (numbers === undefined) slots.set(slot, [number]);
    else numbers.push(number);
  });
  return slots;
}

async function readTexts(sql: Sql, account: AccountId, ids: readonly number[]): Promise<readonly NumberedText[]> {
  return await sql.read<NumberedText[]>`
    select content_id as id, header_text as header, search_text as body from contents
     where account_id = ${account}::bigint and content_id = any (${numberArray(ids)}::bigint[])
     union all
    select email_id, prefix_text, '' from deliveries
     where account_id = ${account}::bigint and email_id = any (${numberArray(ids)}::bigint[])
     order by id`;
}

const NONE = Buffer.alloc(0);
const PLACES = Array.from({ length: ROW_OF_IDS + 1 }, (_, place) => place);
