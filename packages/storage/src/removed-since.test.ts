import { afterAll, beforeAll, expect, test } from 'vitest';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('rule 2: removals after a modseq are known by UID, also of messages that were moved, as long as none were pruned', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 6; i++)
    await append(store, account, inbox, `x${i}`, { flags: { system: i === 1 || i === 2 ? 8 : 0, keywords: [] } });
  const archive = await store.findMailbox(account, 'Archive');
  if (archive === null) throw new Error('there is no Archive');

  const expunged = (await store.expunge(account, inbox, [{ first: 1, last: 6 }])) ?? 0;
  const [moved] = await Array.fromAsync(store.move(account, inbox, [{ first: 5, last: 5 }], archive.id));
  expect(await store.removedSince(account, inbox, 0)).toEqual([
    { first: 2, last: 3 },
    { first: 5, last: 5 },
  ]);
  expect(await store.removedSince(account, inbox, expunged - 1)).toHaveLength(2);
  expect(await store.removedSince(account, inbox, expunged)).toEqual([{ first: 5, last: 5 }]);
  expect(await store.removedSince(account, inbox, moved?.modseq ?? 0)).toEqual([]);
  expect(await store.removedSince(account, archive.id, 0)).toEqual([]);

  await sql`update tombstones set content_id = null where account_id = ${account} and mod_seq <= ${expunged}`;
  const before = new Date(Date.now() + 60_000);
  await store.prune(account, { tombstonesBefore: before, changesAgeMs: 0 });
  expect(await store.removedSince(account, inbox, expunged - 1)).toBeNull();
  expect(await store.removedSince(account, inbox, expunged)).toEqual([{ first: 5, last: 5 }]);
});
