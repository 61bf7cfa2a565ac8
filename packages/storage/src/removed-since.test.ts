import { afterAll, beforeAll, expect, test } from 'vitest';
import { removedSince } from './removed-since.ts';
import { append, RecordingWatcher, startStorage, type TestStorage } from './storage-for-tests.ts';
import type { UidRanges } from './uid-ranges.ts';

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
  const archive = await store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('there is no Archive');

  const expunged = (await store.expunge(account, inbox, [{ first: 1, last: 6 }])) ?? 0;
  const [moved] = await Array.fromAsync(store.move(account, inbox, [{ first: 5, last: 5 }], archive.id));
  expect(await removedSince(sql, account, inbox, 0)).toEqual([
    { first: 2, last: 3 },
    { first: 5, last: 5 },
  ]);
  expect(await removedSince(sql, account, inbox, expunged - 1)).toHaveLength(2);
  expect(await removedSince(sql, account, inbox, expunged)).toEqual([{ first: 5, last: 5 }]);
  expect(await removedSince(sql, account, inbox, moved?.modseq ?? 0)).toEqual([]);
  expect(await removedSince(sql, account, archive.id, 0)).toEqual([]);

  await sql`update tombstones set content_id = null where account_id = ${account} and mod_seq <= ${expunged}`;
  const before = new Date(Date.now() + 60_000);
  await store.prune(account, { tombstonesBefore: before, changesAgeMs: 0 });
  expect(await removedSince(sql, account, inbox, expunged - 1)).toBeNull();
  expect(await removedSince(sql, account, inbox, expunged)).toEqual([{ first: 5, last: 5 }]);
});

test('a mailbox that is open remembers the removals that it has heard of, and the database is asked for others', async () => {
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 9; i++) await append(storage.store, account, inbox, 'x', { flags: { system: 8, keywords: [] } });
  const expunge = async (...uids: number[]) =>
    (await storage.store.expunge(
      account,
      inbox,
      uids.map((uid) => ({ first: uid, last: uid })),
    )) ?? 0;
  const uids = (found: UidRanges | null) => found?.flatMap(({ first, last }) => [first, last]);
  const before = await expunge(1);
  const { store } = await storage.openStore({ isDeaf: true });
  const mailbox = await store.openMailbox(account, inbox, new RecordingWatcher());
  const first = await expunge(2, 5);
  const second = await expunge(3);
  await mailbox.refresh();
  const third = await expunge(8);
  await mailbox.refresh();

  expect(uids(mailbox.removedSince(before))).toEqual([2, 3, 5, 5, 8, 8]);
  expect(uids(mailbox.removedSince(second))).toEqual([8, 8]);
  expect(uids(mailbox.removedSince(third))).toEqual([]);
  expect(mailbox.removedSince(first)).toBeNull(); // it heard of two changes at once
  expect(mailbox.removedSince(before - 1)).toBeNull();
  expect(uids(await store.removedSince(mailbox, first))).toEqual([3, 3, 8, 8]);
  expect(uids(await store.removedSince(mailbox, before - 1))).toEqual([1, 3, 5, 5, 8, 8]);
});
