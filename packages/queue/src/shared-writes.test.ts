import { expect, test } from 'vitest';
import { SharedWrites } from './shared-writes.ts';

const never = () => false;

test('works that come while one is written share the next transaction, in order', async () => {
  const written: (readonly number[])[] = [];
  const first = Promise.withResolvers<void>();
  const writes = new SharedWrites<number>(async (works) => {
    written.push(works);
    if (written.length === 1) await first.promise;
  }, never);
  const all = [1, 2, 3].map((work) => writes.add(work));
  first.resolve();
  await Promise.all(all);
  expect(written).toEqual([[1], [2, 3]]);
});

test('one that cannot be written fails alone', async () => {
  const written: (readonly number[])[] = [];
  const writes = new SharedWrites<number>(async (works) => {
    if (works.includes(3)) throw new Error('not 3');
    written.push(works);
  }, never);
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map((work) => writes.add(work)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(written).toEqual([[1], [2], [4]]);
  await writes.add(5);
  expect(written.at(-1)).toEqual([5]);
});

test('of a hundred that share a transaction one that is refused costs the others a few more', async () => {
  let calls = 0;
  const gate = Promise.withResolvers<void>();
  const writes = new SharedWrites<number>(async (works) => {
    calls++;
    if (works.includes(0)) await gate.promise;
    if (works.includes(42)) throw new Error('not 42');
  }, never);
  const all = Array.from({ length: 101 }, (_, work) => writes.add(work));
  gate.resolve();
  const outcomes = await Promise.allSettled(all);
  expect(outcomes.flatMap(({ status }, work) => (status === 'rejected' ? [work] : []))).toEqual([42]);
  expect(calls).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(100)));
});

test('while the database is away each is asked for once', async () => {
  let calls = 0;
  const writes = new SharedWrites<number>(
    async () => {
      calls++;
      throw new Error('away');
    },
    () => true,
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 51 }, (_, work) => writes.add(work)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(calls).toBe(2); // the first, and the others together
});
