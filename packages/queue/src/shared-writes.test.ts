import { expect, test } from 'vitest';
import { SharedWrites } from './shared-writes.ts';

test('works that come while one is written share the next transaction, in order', async () => {
  const written: (readonly number[])[] = [];
  const first = Promise.withResolvers<void>();
  const writes = new SharedWrites<number>(async (works) => {
    written.push(works);
    if (written.length === 1) await first.promise;
  });
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
  });
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map((work) => writes.add(work)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(written).toEqual([[1], [2], [4]]);
  await writes.add(5);
  expect(written.at(-1)).toEqual([5]);
});
