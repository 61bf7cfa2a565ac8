import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChangeFeed } from './change-feed.ts';
import { ClosedMailboxes } from './closed-mailboxes.ts';
import { recoverAccount } from './recover-account.ts';
import { SharedMailbox } from './shared-mailbox.ts';
import {
  append,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  startStorage,
  type TestStorage,
} from './storage-for-tests.ts';
import { rangesOf } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function openAndClose(messages: number) {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < messages; i++) await append(store, account, inbox, `${i}`);
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  store.closeMailbox(mailbox, watcher);
  return { store, account, inbox, mailbox, open: () => store.openMailbox(account, inbox, new RecordingWatcher()) };
}

test('a mailbox opened again is the one that was closed, with all that happened meanwhile', async () => {
  const { store, account, inbox, mailbox, open } = await openAndClose(4);
  await append(store, account, inbox, 'new', { flags: { system: 1, keywords: ['new'] } });
  await store.changeFlags(account, inbox, rangesOf([1, 2]), { mode: 'add', system: 8, keywords: [] }, null);
  await store.expunge(account, inbox, rangesOf([2]));
  const reopened = await open();
  expect(reopened).toBe(mailbox);
  expect(messagesIn(reopened)).toEqual(await messagesInDatabase(storage.database, account, inbox));
  expect(reopened.table.length).toBe(4);
});

test('it is kept up to date again once it is open', async () => {
  const { store, account, inbox, open } = await openAndClose(1);
  const watcher = new RecordingWatcher();
  const reopened = await store.openMailbox(account, inbox, watcher);
  await append(store, account, inbox, 'new');
  await watcher.until(() => reopened.table.length === 2);
  expect(await open()).toBe(reopened);
});

test('a mailbox that was deleted while it was closed is not there', async () => {
  const { store, account, inbox, open } = await openAndClose(1);
  await store.mailboxes.delete(account, inbox);
  await expect(open()).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('rule 3: a database that went back in time and on again is read anew', async () => {
  const { account, mailbox, open } = await openAndClose(3);
  const turned = Promise.withResolvers<void>();
  const feed = new ChangeFeed(storage.database, { onError: (error) => turned.reject(error), pollMs: 10 });
  await feed.start();
  const closed = new ClosedMailboxes(feed);
  closed.keep('inbox', mailbox);
  const unwatch = feed.watch(account, (modseq) => {
    if (modseq === null) turned.resolve();
  });
  await storage.sql`update accounts set modseq = modseq - 1 where account_id = ${account}`;
  await turned.promise;
  await recoverAccount(storage.sql, account);
  expect(closed.take('inbox')).toBe(null);
  unwatch();
  await feed.close();
  expect((await open()).table.length).toBe(3);
});

test('those closed last are kept, up to so many messages and so many mailboxes', async () => {
  const feed = new ChangeFeed(storage.database, { onError() {} });
  const closed = new ClosedMailboxes(feed, { messages: 5, mailboxes: 3 });
  const load = async (messages: number) => {
    const { account, inbox } = await storage.newAccount();
    for (let i = 0; i < messages; i++) await append(storage.store, account, inbox, `${i}`);
    return SharedMailbox.load(storage.sql, account, inbox);
  };
  const kept = () => ['a', 'b', 'c', 'd', 'e'].filter((key) => closed.take(key) !== null);
  closed.keep('a', await load(2));
  closed.keep('b', await load(2));
  closed.keep('c', await load(3));
  expect(kept()).toEqual(['b', 'c']);
  closed.keep('a', await load(6));
  expect(kept()).toEqual([]);
  for (const key of ['a', 'b', 'c', 'd']) closed.keep(key, await load(0));
  closed.keep('b', await load(0));
  closed.keep('e', await load(0));
  expect(kept()).toEqual(['b', 'd', 'e']);
});
