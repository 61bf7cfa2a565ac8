import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortInTurns } from './sort-in-turns.ts';

const sorted = async (values: readonly number[]) => [
  ...(await sortInTurns(
    Uint32Array.from(values, (_, at) => at),
    (a, b) => (values[a] ?? 0) - (values[b] ?? 0),
  )),
];
const expected = (values: readonly number[]) =>
  values.map((_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);

test('sorts, and leaves what is equal in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 100 }), async (values) => {
      expect(await sorted(values)).toEqual(expected(values));
    }),
  );
});

test.each([
  ['in order', (n: number) => n],
  ['backwards', (n: number) => -n],
  ['equal', () => 0],
  ['mixed', (n: number) => (n * 7_919) % 1_009],
])('many that are %s', async (_, of) => {
  const values = Array.from({ length: 100_003 }, (_, n) => of(n));
  expect(await sorted(values)).toEqual(expected(values));
});

test('others get their turn, and it ends when nobody waits for it any more', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('ended')));
  const numbers = Uint32Array.from({ length: 200_000 }, (_, n) => n);
  await expect(sortInTurns(numbers, (a, b) => b - a, stop.signal)).rejects.toThrow('ended');
});
