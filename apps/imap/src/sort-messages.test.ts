import { expect, test } from 'vitest';
import { Relevancies } from './relevancies.ts';
import type { Session } from './session.ts';
import { sortMessages } from './sort-messages.ts';

test('the relevancies of many messages are worked out in turns with others', async () => {
  let turns = 0;
  const transport = { gone: new AbortController().signal, flushMuch: async () => void turns++ };
  const uids = Uint32Array.from({ length: 10_000 }, (_, i) => i + 1);
  const relevancies = new Relevancies();
  for (let key = 0; key < 100; key++)
    relevancies.add({ uids, scores: Uint8Array.from(uids, (uid) => 1 + (uid % 100)) });
  const session = { transport } as unknown as Session;
  const sorted = await sortMessages(session, [{ column: 'relevancy', isReverse: false }], uids, relevancies);
  expect([...sorted.subarray(0, 2), sorted.at(-1)]).toEqual([99, 199, 10_000]);
  expect(turns).toBeGreaterThan(5);
});
