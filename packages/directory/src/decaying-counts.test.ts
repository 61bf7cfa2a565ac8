import { expect, test } from 'vitest';
import { DecayingCounts } from './decaying-counts.ts';

test('memory is bounded: who was counted longest ago is forgotten', () => {
  let now = 0;
  const counts = new DecayingCounts({ maxEntries: 3, now: () => now });
  for (const name of ['a', 'b', 'c']) counts.add(name, 100);
  counts.add('a', 100);
  counts.add('d', 100);
  expect([...counts.names()]).toEqual(['c', 'a', 'd']);
  now = 150;
  expect([...counts.names()]).toEqual(['a']);
  expect(counts.size).toBe(1);
});
