import { type Arguments, ParseError } from '@postel/imap-wire';
import { placesUpTo, type SortColumn, sortInTurns } from '@postel/storage';
import { RELEVANCIES_A_TURN } from './limits.ts';
import type { Relevancies } from './relevancies.ts';
import type { Session } from './session.ts';

/** One of those by which SORT sorts, the first first (RFC 5256 §3, RFC 5957 §4, RFC 6203 §6). */
export interface SortCriterion {
  readonly column: SortColumn | 'relevancy';
  readonly isReverse: boolean;
}

const COLUMNS = new Map<string, SortCriterion['column']>([
  ['ARRIVAL', 'arrival'],
  ['CC', 'cc'],
  ['DATE', 'date'],
  ['DISPLAYFROM', 'displayFrom'],
  ['DISPLAYTO', 'displayTo'],
  ['FROM', 'from'],
  ['RELEVANCY', 'relevancy'],
  ['SIZE', 'size'],
  ['SUBJECT', 'subject'],
  ['TO', 'to'],
]);

/** sort-criteria. What comes a second time decides nothing any more, and is left out. */
export function parseSortCriteria(args: Arguments): readonly SortCriterion[] {
  const criteria = new Map<SortCriterion['column'], SortCriterion>();
  args.list(() => {
    let name = args.label();
    const isReverse = name === 'REVERSE';
    if (isReverse) name = args.sp().label();
    const column = COLUMNS.get(name);
    if (column === undefined) throw new ParseError('Unknown sort criterion');
    if (!criteria.has(column)) criteria.set(column, { column, isReverse });
  });
  if (criteria.size === 0) throw new ParseError('Empty list of sort criteria');
  return [...criteria.values()];
}

/**
 * Sorts messages of the selected mailbox, without keeping others of the process from their turn. Those that are alike in all
 * criteria stand as in the mailbox.
 *
 * @param uids ascending
 * @param relevancies by which RELEVANCY sorts
 */
export async function sortMessages(
  session: Session,
  criteria: readonly SortCriterion[],
  uids: Uint32Array,
  relevancies: Relevancies | null = null,
): Promise<Uint32Array> {
  const { gone } = session.transport;
  const keys: SortKey[] = [];
  for (const { column, isReverse } of criteria) {
    const values =
      column === 'relevancy'
        ? await readRelevancies(session, relevancies, uids)
        : await readSortValues(session, column, uids);
    keys.push({ values, sign: isReverse ? -1 : 1 });
  }
  const places = placesUpTo(uids.length);
  // Most criteria are near the order of arrival, and what is in order already is sorted in one pass.
  if (criteria[0]?.isReverse) places.reverse();
  const sorted = await sortInTurns(places, comparison(keys), gone);
  return sorted.map((place) => uids[place] ?? 0);
}

/** Numbers that compare as these messages do by one criterion; see ColumnReader. */
export function readSortValues(
  { view, store, transport, log }: Session,
  column: SortColumn,
  uids: Uint32Array,
): Promise<ArrayLike<number>> {
  const values = store.search.sortValues(view.mailbox, uids, column, {
    signal: transport.gone,
    onProgress: (read, left) => log.info({ read, left }, 'reading the headers of older messages, to sort them'),
  });
  return transport.whileSilent(values);
}

/** As `readSortValues`: the highest first (RFC 6203 §6). */
async function readRelevancies(
  { transport }: Session,
  relevancies: Relevancies | null,
  uids: Uint32Array,
): Promise<Uint8Array> {
  const values = new Uint8Array(uids.length);
  for (const [place, uid] of uids.entries()) {
    values[place] = 100 - (relevancies?.of(uid) ?? 0);
    if ((place + 1) % RELEVANCIES_A_TURN !== 0) continue;
    transport.gone.throwIfAborted();
    await transport.flushMuch();
  }
  return values;
}

interface SortKey {
  readonly values: ArrayLike<number>;
  readonly sign: 1 | -1;
}

function comparison(keys: readonly SortKey[]): (a: number, b: number) => number {
  const [first] = keys;
  if (first !== undefined && keys.length === 1) {
    const { values, sign } = first;
    return (a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)) || a - b;
  }
  return (a, b) => {
    for (const { values, sign } of keys) {
      const difference = (values[a] ?? 0) - (values[b] ?? 0);
      if (difference !== 0) return sign * difference;
    }
    return a - b;
  };
}
