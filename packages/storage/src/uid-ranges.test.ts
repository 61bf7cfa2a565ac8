import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countUids, formatRanges, joinRanges, parseRanges, rangesFrom, rangesOf, slicesOf } from './uid-ranges.ts';

const ascendingUids = fc
  .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 200 })
  .map((uids) => Uint32Array.from(uids).sort());

test('ascending UIDs and their ranges tell the same', () => {
  fc.assert(
    fc.property(ascendingUids, (uids) => {
      const ranges = rangesOf(uids);
      expect(
        ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
      ).toEqual([...uids]);
      expect(countUids(ranges)).toBe(uids.length);
      for (const [i, { first, last }] of ranges.entries()) {
        expect(last).toBeGreaterThanOrEqual(first);
        expect(ranges[i + 1]?.first ?? Number.POSITIVE_INFINITY).toBeGreaterThan(last + 1);
      }
    }),
  );
});

test('ranges are cut at a UID', () => {
  fc.assert(
    fc.property(ascendingUids, fc.integer({ min: 0, max: 310 }), (uids, first) => {
      expect(rangesFrom(rangesOf(uids), first)).toEqual(rangesOf(uids.filter((uid) => uid >= first)));
    }),
  );
});

test.each([
  ['{}', []],
  ['{[1,2)}', [{ first: 1, last: 1 }]],
  [
    '{[1,4),[4294967295,4294967296)}',
    [
      { first: 1, last: 3 },
      { first: 4294967295, last: 4294967295 },
    ],
  ],
])('Postgres writes %s for its ranges', (text, ranges) => {
  expect(parseRanges(text)).toEqual(ranges);
});

test('ranges are written with both ends', () => {
  expect(formatRanges([])).toBe('{}');
  expect(
    formatRanges([
      { first: 1, last: 1 },
      { first: 3, last: 9 },
    ]),
  ).toBe('{[1,1],[3,9]}');
});

test('lists that follow one another are joined to what they are of together', () => {
  fc.assert(
    fc.property(ascendingUids, fc.array(fc.nat(300)), (uids, cuts) => {
      const bounds = [0, ...cuts.sort((a, b) => a - b), Number.POSITIVE_INFINITY];
      const lists = bounds.map((from, i) => rangesOf(uids.filter((uid) => uid >= from && uid < (bounds[i + 1] ?? 0))));
      expect(joinRanges(lists)).toEqual(rangesOf(uids));
    }),
  );
});

test('slices hold together what the ranges hold, and none more than its last range above the count', () => {
  fc.assert(
    fc.property(ascendingUids, fc.integer({ min: 1, max: 50 }), (uids, count) => {
      const ranges = rangesOf(uids);
      const slices = [...slicesOf(ranges, count)];
      expect(slices.flat()).toEqual(ranges);
      for (const [i, slice] of slices.entries()) {
        expect(countUids(slice.slice(0, -1))).toBeLessThan(count);
        if (i < slices.length - 1) expect(countUids(slice)).toBeGreaterThanOrEqual(count);
      }
    }),
  );
});
