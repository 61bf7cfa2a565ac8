import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import { openDatabase } from './database.ts';
import type { MailboxId, ModSeq } from './ids.ts';
import {
  append,
  holdAccount,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import { Store } from './store.ts';
import { rangesOf } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('connections of a process share a mailbox as long as one has it open', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const [first, second, third] = [new RecordingWatcher(), new RecordingWatcher(), new RecordingWatcher()];
  const [a, b] = await Promise.all([
    store.openMailbox(account, inbox, first),
    store.openMailbox(account, inbox, second),
  ]);
  expect(b).toBe(a);
  store.closeMailbox(a, first);
  store.closeMailbox(a, first); // once more takes nothing from the other
  expect(await store.openMailbox(account, inbox, third)).toBe(a);
  store.closeMailbox(a, second);
  store.closeMailbox(a, third);
  expect(a.watcherCount).toBe(0);
});

test('a mailbox that is closed while another connection opens it stays up to date', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (let round = 0; round < 20; round++) {
    const [leaving, coming] = [new RecordingWatcher(), new RecordingWatcher()];
    const mailbox = await store.openMailbox(account, inbox, leaving);
    const opening = store.openMailbox(account, inbox, coming);
    store.closeMailbox(mailbox, leaving);
    const opened = await opening;
    const { uid } = await append(store, account, inbox, 'x');
    await coming.until(() => opened.table.lastUid() === uid);
    store.closeMailbox(opened, coming);
  }
});

test('who opens a mailbox sees what was committed before, also if others have had it open', async () => {
  const { account, inbox } = await storage.newAccount();
  const deaf = await storage.openStore({ isDeaf: true });
  await deaf.store.openMailbox(account, inbox, new RecordingWatcher());
  const { uid } = await append(storage.store, account, inbox, 'x');
  const mailbox = await deaf.store.openMailbox(account, inbox, new RecordingWatcher());
  expect(mailbox.table.lastUid()).toBe(uid);
});

test('who opens a mailbox of which all is known that was read of the account does not ask again', async () => {
  const { account, inbox } = await storage.newAccount();
  const deaf = await storage.openStore({ isDeaf: true });
  const open = (readSeq: ModSeq | null) => deaf.store.openMailbox(account, inbox, new RecordingWatcher(), readSeq);
  await open(null);
  const before = await deaf.store.mailboxes.find(account, 'INBOX');
  const { uid } = await append(storage.store, account, inbox, 'x');
  expect((await open(before?.accountModSeq ?? null)).table.lastUid()).toBe(0);
  const after = await deaf.store.mailboxes.find(account, 'INBOX');
  expect(after?.accountModSeq).toBeGreaterThan(before?.accountModSeq ?? 0);
  expect((await open(after?.accountModSeq ?? null)).table.lastUid()).toBe(uid);
});

test('a mailbox that is not there, or is deleted while it loads, is not opened', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const watcher = new RecordingWatcher();
  await expect(store.openMailbox(account, 999_999 as MailboxId, watcher)).rejects.toMatchObject({
    kind: 'nonexistent',
  });
  for (let i = 0; i < 20; i++) await append(store, account, inbox, `${i}`);
  const outcomes = await Promise.allSettled([
    store.mailboxes.delete(account, inbox),
    ...Array.from({ length: 5 }, () => store.openMailbox(account, inbox, watcher)),
  ]);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'nonexistent' });
  await expect(store.openMailbox(account, inbox, watcher)).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('hardening 65: a mailbox that could not be loaded is loaded by the next who opens it', async () => {
  const { account, inbox } = await storage.newAccount();
  await using server = await startBreakableServer(storage.target);
  const database = openDatabase(server.target, { applicationName: 'unloadable', maxConnections: 2 });
  const store = new Store(database, { blobs: new BlobDirectory(storage.blobDirectory), onError: () => {} });
  await append(store, account, inbox, 'x');
  const lock = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holder = storage.sql.begin(async (tx) => {
    await tx`lock table messages in access exclusive mode`;
    locked.resolve();
    await lock.promise;
  });
  await locked.promise;
  const opening = Promise.allSettled(
    Array.from({ length: 3 }, () => store.openMailbox(account, inbox, new RecordingWatcher())),
  );
  await untilWaiting(storage.database);
  server.refuse(true);
  for (const outcome of await opening) expect(outcome).toMatchObject({ reason: { kind: 'unavailable' } });
  lock.resolve();
  await holder;
  server.refuse(false);
  const mailbox = await store.openMailbox(account, inbox, new RecordingWatcher());
  expect(mailbox.table.length).toBe(1);
  await store.close();
  await database.close();
});

test('hardening 65: reads of a database that does not answer are unavailable', async () => {
  const { account, inbox } = await storage.newAccount();
  const { store } = await storage.openStore({
    target: { socketDirectory: '/nonexistent', database: 'x', user: 'x' },
    isDeaf: true,
  });
  const reads = [
    () => store.mailboxes.list(account),
    () => store.mailboxes.find(account, 'INBOX'),
    () => store.fetchMessages(account, inbox, [1], {}),
    () => store.openMailbox(account, inbox, new RecordingWatcher()),
    () => store.start(),
    () => store.mailboxes.create(account, 'x', null),
    () => store.changeFlags(account, inbox, rangesOf([1]), { mode: 'add', system: 1, keywords: [] }, null),
  ];
  for (const read of reads) await expect(read()).rejects.toMatchObject({ kind: 'unavailable' });
});

test('hardening 52: readers see what many writers in two processes made of a mailbox', async () => {
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore();
  const stores = [storage.store, other.store];
  const watchers = stores.map(() => new RecordingWatcher());
  const mailboxes = await Promise.all(
    stores.map((store, i) => store.openMailbox(account, inbox, watchers[i] ?? new RecordingWatcher())),
  );
  await Promise.all(
    Array.from({ length: 16 }, async (_, writer) => {
      const store = stores[writer % 2] ?? storage.store;
      for (let i = 0; i < 12; i++) {
        const { uid } = await append(store, account, inbox, `${writer} ${i}`, {
          flags: { system: i % 2, keywords: i % 5 === 0 ? [`k${writer % 3}`] : [] },
        });
        const some = rangesOf([Math.max(1, uid - 3), uid].slice(uid > 3 ? 0 : 1));
        await store.changeFlags(account, inbox, some, { mode: 'add', system: i % 3 === 0 ? 8 : 4, keywords: [] }, null);
        if (i % 4 === 3) await store.expunge(account, inbox, [{ first: 1, last: uid }]);
      }
    }),
  );
  const truth = await messagesInDatabase(storage.database, account, inbox);
  const gone = await storage.sql<
    { uid: number }[]
  >`select uid from tombstones where account_id = ${account} order by uid`;
  for (const [i, mailbox] of mailboxes.entries()) {
    await mailbox.refresh();
    expect(messagesIn(mailbox)).toEqual(truth);
    const removals = watchers[i]?.removals ?? [];
    expect(new Set(removals).size).toBe(removals.length);
    expect(gone.map(({ uid }) => uid)).toEqual(expect.arrayContaining(removals));
  }
  expect(truth.length + gone.length).toBe(16 * 12);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a write waits for a writer of another process, and then counts on what that one did', async () => {
  const { store, database, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'x');
  const held = await holdAccount(database, account);
  const changed = store.changeFlags(account, inbox, rangesOf([1]), { mode: 'add', system: 8, keywords: [] }, null);
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();
  await changed;
  expect(await sql`select deleted::int from mailboxes where account_id = ${account} and mailbox_id = ${inbox}`).toEqual(
    [{ deleted: 1 }],
  );
});
