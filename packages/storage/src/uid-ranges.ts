/** Ascending, disjoint ranges of UIDs, both ends included. */
export type UidRanges = readonly UidRange[];
export interface UidRange {
  readonly first: number;
  readonly last: number;
}

/** As an int8multirange. */
export const formatRanges = (ranges: UidRanges): string =>
  `{${ranges.map(({ first, last }) => `[${first},${last}]`).join(',')}}`;

/** What Postgres prints of an int8multirange, which is canonical: `{[1,4),[7,8)}`. */
export function parseRanges(text: string): UidRanges {
  const ranges: UidRange[] = [];
  for (const part of text.slice(1, -1).split('),')) {
    if (part === '') continue;
    const comma = part.indexOf(',');
    ranges.push({ first: Number(part.slice(1, comma)), last: Number.parseInt(part.slice(comma + 1), 10) - 1 });
  }
  return ranges;
}

/** The ranges of ascending UIDs. */
export function rangesOf(uids: ArrayLike<number>): UidRanges {
  const ranges: UidRange[] = [];
  for (let i = 0; i < uids.length; ) {
    const first = uids[i] as number;
    let last = first;
    for (i++; i < uids.length && uids[i] === last + 1; i++) last++;
    ranges.push({ first, last });
  }
  return ranges;
}

export const countUids = (ranges: UidRanges): number => ranges.reduce((n, { first, last }) => n + last - first + 1, 0);

/** What ranges hold from `first` on. */
export const rangesFrom = (ranges: UidRanges, first: number): UidRanges =>
  ranges.filter((range) => range.last >= first).map((range) => ({ ...range, first: Math.max(range.first, first) }));

/** Whether one of the ranges holds that UID. */
export function hasUid(ranges: UidRanges, uid: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.last ?? 0) < uid) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= uid;
}

/** Ascending lists, each above the one before, as one: a range that goes on in the next list is one range. */
export function joinRanges(lists: readonly UidRanges[]): UidRanges {
  const joined: UidRange[] = [];
  for (const { first, last } of lists.flat()) {
    const before = joined.at(-1);
    if (before?.last === first - 1) joined[joined.length - 1] = { first: before.first, last };
    else joined.push({ first, last });
  }
  return joined;
}

/** Cuts ranges into lists of whole ranges, each with no more of them than it needs to hold `count` UIDs. */
export function* slicesOf(ranges: UidRanges, count: number): Generator<UidRanges, void> {
  let from = 0;
  let held = 0;
  for (const [index, { first, last }] of ranges.entries()) {
    held += last - first + 1;
    if (held < count && index < ranges.length - 1) continue;
    yield ranges.slice(from, index + 1);
    from = index + 1;
    held = 0;
  }
}
