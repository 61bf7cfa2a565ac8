import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId, MailboxId } from './ids.ts';
import {
  append,
  arrivalOf,
  messagesInDatabase,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
} from './storage-for-tests.ts';
import { rangesOf, type UidRanges } from './uid-ranges.ts';

/** Copies and moves from one account to another. */
let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];
const TOO_LARGE_FOR_A_ROW = 200_000;

async function twoAccounts() {
  const mary = await storage.newAccount();
  const john = await storage.newAccount();
  return {
    mary,
    john,
    toJohn: { account: john.account, id: john.inbox },
    toMary: { account: mary.account, id: mary.inbox },
  };
}

const isConsistent = async (...accounts: AccountId[]) => {
  for (const account of accounts) expect(await recount(storage.database, account)).toEqual([]);
};

const octetsOf = async (account: AccountId, mailbox: MailboxId, uid: number) => {
  const [message] = await storage.store.fetchMessages(account, mailbox, [uid], { octets: true, envelope: true });
  if (message === undefined) return null;
  const { prefix, octets, blob } = message;
  const parts =
    blob === null
      ? [octets ?? Buffer.alloc(0)]
      : await Array.fromAsync(storage.store.readBlob(blob, 0, TOO_LARGE_FOR_A_ROW));
  return Buffer.concat([prefix ?? Buffer.alloc(0), ...parts]);
};

test('rule 13: a copy to another account is made anew there: its content, its delivery, its ids and its keywords', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  const { store, sql } = storage;
  await append(store, mary.account, mary.inbox, 'one', {
    flags: { system: 5, keywords: ['red', 'Blue'] },
    internalDate: 3_600_000,
  });
  await append(store, mary.account, mary.inbox, 'two', { arrival: arrivalOf('a@example.com', 'Received: here\r\n') });
  await append(store, john.account, john.inbox, 'zero', { flags: { system: 0, keywords: ['blue'] } });
  const copied = await store.copy(mary.account, mary.inbox, EVERY, toJohn, 'present');
  expect(copied).toMatchObject({ source: [{ first: 1, last: 2 }], target: [{ first: 2, last: 3 }] });
  const [zero, one, two] = await messagesInDatabase(storage.database, john.account, john.inbox);
  expect([zero, one, two]).toMatchObject([
    { uid: 1, keywords: ['blue'] },
    { uid: 2, flags: 5, keywords: ['blue', 'red'], modSeq: copied?.modseq },
    { uid: 3, flags: 0, keywords: [] },
  ]);
  expect((await octetsOf(john.account, john.inbox, 3))?.toString()).toBe('Received: here\r\nSubject: two\r\n\r\n');
  expect(await sql`select from contents where account_id = ${john.account}`).toHaveLength(3);
  expect(await sql`select from deliveries where account_id = ${john.account}`).toHaveLength(1);
  expect(await sql`select internal_date::text from messages where account_id = ${john.account} and uid = 2`).toEqual(
    await sql`select internal_date::text from messages where account_id = ${mary.account} and uid = 1`,
  );
  await isConsistent(mary.account, john.account);
  await sql`update contents set octets = 'gone' where account_id = ${mary.account}`;
  expect((await octetsOf(john.account, john.inbox, 2))?.toString()).toBe('Subject: one\r\n\r\n');
});

test('hardening 48: a blob is copied whether the other account has the content or not, and each removes its own', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  const { store, sql } = storage;
  const large = Buffer.concat([
    Buffer.from('Subject: large\r\n\r\n'),
    Buffer.from(randomBytes(TOO_LARGE_FOR_A_ROW / 2).toString('hex')),
  ]);
  await append(store, mary.account, mary.inbox, large);
  const files = (await storage.blobs()).length;
  await store.copy(mary.account, mary.inbox, EVERY, toJohn, 'present');
  expect(await storage.blobs()).toHaveLength(files + 1);
  await store.copy(mary.account, mary.inbox, EVERY, toJohn, 'present');
  expect(await storage.blobs()).toHaveLength(files + 1); // the copy that was not needed is gone again
  const names = await sql<{ account: AccountId; name: string }[]>`
    select account_id as account, blob_name as name from contents where account_id in (${mary.account}, ${john.account})`;
  expect(new Set(names.map(({ name }) => name)).size).toBe(2);
  const read = await octetsOf(john.account, john.inbox, 2);
  expect(read?.equals(large.subarray(0, TOO_LARGE_FOR_A_ROW))).toBe(true);
  await isConsistent(mary.account, john.account);
});

test('a move leaves what the owner can bring back, in one transaction and one modseq each', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  const { store, sql } = storage;
  for (const text of ['one', 'two', 'three']) await append(store, mary.account, mary.inbox, text);
  const [watcher, his] = [new RecordingWatcher(), new RecordingWatcher()];
  const open = [
    await store.openMailbox(mary.account, mary.inbox, watcher),
    await store.openMailbox(john.account, john.inbox, his),
  ] as const;
  const [moved] = await Array.fromAsync(store.move(mary.account, mary.inbox, rangesOf([1, 3, 7]), toJohn));
  expect(moved).toMatchObject({ target: [{ first: 1, last: 2 }] });
  await watcher.until(() => watcher.removals.length === 2);
  await his.until(() => open[1].table.length === 2);
  expect(await sql`select uid, was_moved from tombstones where account_id = ${mary.account} order by uid`).toEqual([
    { uid: 1, was_moved: false },
    { uid: 3, was_moved: false },
  ]);
  await isConsistent(mary.account, john.account);
  store.closeMailbox(open[0], watcher);
  store.closeMailbox(open[1], his);
});

test('of more messages than one transaction takes, each is moved once', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  await append(storage.store, mary.account, mary.inbox, 'one');
  await storage.sql`
    insert into messages select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
           thread_id, size_octets, prefix_octets, flags, keywords
      from messages, generate_series(2, 2500) as n where account_id = ${mary.account}`;
  await storage.sql`
    update mailboxes set messages = 2500, unseen = 2500, uid_next = 2501, octets = octets * 2500
     where account_id = ${mary.account} and mailbox_id = ${mary.inbox}`;
  await storage.sql`
    update accounts set used_messages = 2500, used_octets = used_octets * 2500 where account_id = ${mary.account}`;
  const parts = await Array.fromAsync(storage.store.move(mary.account, mary.inbox, EVERY, toJohn));
  expect(parts.map(({ target }) => target)).toEqual([
    [{ first: 1, last: 1000 }],
    [{ first: 1001, last: 2000 }],
    [{ first: 2001, last: 2500 }],
  ]);
  await isConsistent(mary.account, john.account);
});

test('the quota of the account that gets them counts, for moves too; then nothing is done', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  const { store, sql } = storage;
  for (const text of ['one', 'two']) await append(store, mary.account, mary.inbox, text);
  await sql`update accounts set quota_messages = 1 where account_id = ${john.account}`;
  await sql`update accounts set quota_octets = 1 where account_id = ${mary.account}`;
  await expect(store.copy(mary.account, mary.inbox, EVERY, toJohn, 'present')).rejects.toMatchObject({
    kind: 'over-quota',
  });
  const moving = Array.fromAsync(store.move(mary.account, mary.inbox, EVERY, toJohn));
  await expect(moving).rejects.toMatchObject({ kind: 'over-quota' });
  expect(await messagesInDatabase(storage.database, john.account, john.inbox)).toEqual([]);
  expect(await messagesInDatabase(storage.database, mary.account, mary.inbox)).toHaveLength(2);
  await store.copy(mary.account, mary.inbox, rangesOf([1]), toJohn, 'present');
  await isConsistent(mary.account, john.account);
});

test('flags that may not be set there stay behind, and so do keywords', async () => {
  const { mary, john } = await twoAccounts();
  const { store, sql } = storage;
  await append(store, mary.account, mary.inbox, 'one', { flags: { system: 31, keywords: ['red'] } });
  const flags = { system: 1 + 8, hasKeywords: false };
  await store.copy(mary.account, mary.inbox, EVERY, { account: john.account, id: john.inbox, flags }, 'present');
  expect(await messagesInDatabase(storage.database, john.account, john.inbox)).toMatchObject([
    { flags: 9, keywords: [] },
  ]);
  expect(await sql`select from keywords where account_id = ${john.account}`).toHaveLength(0);
  await store.copy(mary.account, mary.inbox, EVERY, { account: mary.account, id: mary.inbox, flags }, 'present');
  expect(await messagesInDatabase(storage.database, mary.account, mary.inbox)).toMatchObject([
    {},
    { flags: 9, keywords: [] },
  ]);
  await isConsistent(mary.account, john.account);
});

test('all of them or none, and none to where nothing is', async () => {
  const { mary, john, toJohn } = await twoAccounts();
  const { store } = storage;
  await append(store, mary.account, mary.inbox, 'one');
  expect(await store.copy(mary.account, mary.inbox, rangesOf([1, 2]), toJohn, 'whole')).toBe(null);
  expect(await store.copy(mary.account, mary.inbox, rangesOf([2]), toJohn, 'present')).toMatchObject({ modseq: null });
  const nowhere = { account: john.account, id: 999 as MailboxId };
  await expect(store.copy(mary.account, mary.inbox, EVERY, nowhere, 'present')).rejects.toMatchObject({
    kind: 'nonexistent',
  });
});

test('rule 1: copies in both directions at once take the accounts in one order', async () => {
  const { mary, john, toJohn, toMary } = await twoAccounts();
  const { store } = await storage.openStore();
  await append(store, mary.account, mary.inbox, 'one');
  await append(store, john.account, john.inbox, 'two');
  await Promise.all(
    Array.from({ length: 10 }, (_, i) => {
      const by = i % 4 < 2 ? store : storage.store;
      return i % 2 === 0
        ? by.copy(mary.account, mary.inbox, rangesOf([1]), toJohn, 'whole')
        : by.copy(john.account, john.inbox, rangesOf([1]), toMary, 'whole');
    }),
  );
  expect(await messagesInDatabase(storage.database, john.account, john.inbox)).toHaveLength(6);
  await isConsistent(mary.account, john.account);
});
