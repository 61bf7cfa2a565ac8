/** What an account holds and may hold, where many write at once. Appends and copies at the limit: append.test.ts, copy-messages.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { append, recount, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('what an account holds and may hold is read together, with a mailbox or without', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'x'); // 14 octets
  const use = { octets: 14, messages: 1, mailboxes: 6 };
  const none = { octets: null, messages: null, mailboxes: null };
  expect(await store.readQuota(account)).toEqual({ use, limits: none });
  await sql`update accounts set quota_octets = 0, quota_messages = 5, quota_mailboxes = 100 where account_id = ${account}`;
  const quota = { use, limits: { octets: 0, messages: 5, mailboxes: 100 } };
  expect(await store.readQuota(account)).toEqual(quota);
  expect(await store.mailboxes.find(account, 'INBOX')).toMatchObject({ quota });
  const [nobody] = await sql<{ id: typeof account }[]>`select max(account_id) + 1 as id from accounts`;
  await expect(store.readQuota(nobody?.id ?? account)).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('hardening 56: 100 mailboxes made at once by two processes take the limit and no more', async () => {
  const { account } = await storage.newAccount();
  await storage.sql`update accounts set quota_mailboxes = 16 where account_id = ${account}`;
  const { store: other } = await storage.openStore();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => (i % 2 ? other : storage.store).mailboxes.create(account, `a${i}/b`, null)),
  );
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'over-quota' });
  }
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5); // two levels each
  expect((await storage.store.readQuota(account)).use.mailboxes).toBe(16);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('hardening 56: two processes that remove the same messages at once take the use to 0 and not below', async () => {
  const { account, inbox } = await storage.newAccount();
  const { store: other } = await storage.openStore();
  await storage.store.mailboxes.create(account, 'doomed', null);
  const doomed = await storage.store.mailboxes.find(account, 'doomed');
  if (doomed === null) throw new Error('no mailbox');
  await Promise.all(
    [inbox, doomed.id].flatMap((mailbox) =>
      Array.from({ length: 20 }, (_, i) => append(storage.store, account, mailbox, `${i}`)),
    ),
  );
  const stores = [storage.store, other, storage.store, other];
  await storage.store.changeFlags(
    account,
    inbox,
    [{ first: 1, last: 20 }],
    { mode: 'add', system: 8, keywords: [] },
    null,
  );
  const outcomes = await Promise.allSettled([
    ...stores.map((store) => store.expunge(account, inbox, [{ first: 1, last: 20 }])),
    ...stores.map((store) => store.mailboxes.delete(account, doomed.id)),
  ]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(3); // the mailbox is deleted once
  expect((await storage.store.readQuota(account)).use).toEqual({ octets: 0, messages: 0, mailboxes: 6 });
  expect(await recount(storage.database, account)).toEqual([]);
  const belowZero = storage.sql`update accounts set used_messages = -1 where account_id = ${account}`;
  await expect(belowZero).rejects.toThrow('accounts_use_not_negative');
});
