import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeableSegments } from './mergeable-segments.ts';

const MOST = 4_096;
const listed = (sizes: readonly number[]) => sizes.map((texts, at) => ({ id: at + 1, texts }));
const firstOf = (sizes: readonly number[]) =>
  [...mergeableSegments(listed(sizes), MOST)][0]?.map(({ texts }) => texts) ?? null;

test.for<[sizes: readonly number[], merged: readonly number[] | null]>([
  [[], null],
  [[300], null],
  [[300, 300], null],
  [
    [300, 300, 300],
    [300, 300, 300],
  ],
  [
    [1_000, 300, 300, 300],
    [300, 300, 300],
  ],
  [
    [900, 900, 300, 300, 300],
    [900, 900, 300, 300, 300],
  ],
  [
    [4_000, 300, 300, 300, 4_000],
    [300, 300, 300],
  ],
  [[4_000, 4_000, 4_000], null],
  [
    [1_300, 1_300, 1_300],
    [1_300, 1_300, 1_300],
  ],
  [[1_400, 1_400, 1_400], null],
  [
    [300, 0, 0],
    [0, 0],
  ],
])('of %j these are merged: %j', ([sizes, merged]) => {
  expect(firstOf(sizes)).toEqual(merged);
});

test('mail that comes in small lots is merged a few times, and leaves few segments', () => {
  const lots = fc.array(fc.integer({ min: 128, max: 900 }), { minLength: 200, maxLength: 400 });
  fc.assert(
    fc.property(lots, (sizes) => {
      let segments: { id: number; texts: number; merged: number }[] = [];
      for (const [id, texts] of sizes.entries()) {
        segments.push({ id, texts, merged: 0 });
        for (;;) {
          const [run] = mergeableSegments(segments, MOST);
          if (run === undefined) break;
          const parts = segments.filter((segment) => run.some((part) => part.id === segment.id));
          const whole = {
            id: parts.at(-1)?.id ?? 0,
            texts: parts.reduce((sum, part) => sum + part.texts, 0),
            merged: Math.max(...parts.map((part) => part.merged)) + 1,
          };
          segments = [...segments.filter((segment) => !parts.includes(segment)), whole].sort((a, b) => a.id - b.id);
        }
      }
      const all = sizes.reduce((sum, texts) => sum + texts, 0);
      expect(Math.max(...segments.map(({ merged }) => merged))).toBeLessThanOrEqual(4);
      expect(segments.length).toBeLessThan(8 + all / (MOST / 4));
    }),
    { numRuns: 50 },
  );
});
