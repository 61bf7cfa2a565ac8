import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendMessages } from '../append.ts';
import { messageOf, RecordingWatcher, startStorage, type TestStorage } from '../storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('rule 9: a change of which no NOTIFY tells is seen by who watches, by asking once a second', async () => {
  const { account, inbox } = await storage.newAccount();
  const watcher = new RecordingWatcher();
  const mailbox = await storage.store.openMailbox(account, inbox, watcher);
  // As a process that ends between its commit and its NOTIFY.
  await appendMessages(storage.sql, account, [await messageOf(storage.store, inbox, 'x')], null);
  expect(mailbox.table.length).toBe(0);
  await watcher.until(() => mailbox.table.length === 1);
});

test('rule 9: who asks sees all that was committed before, whether anybody told of it or not', async () => {
  const { account, inbox } = await storage.newAccount();
  const deaf = await storage.openStore({ isDeaf: true });
  const mailbox = await deaf.store.openMailbox(account, inbox, new RecordingWatcher());
  for (let count = 1; count <= 20; count++) {
    await appendMessages(storage.sql, account, [await messageOf(storage.store, inbox, `${count}`)], null);
    await mailbox.refresh();
    expect(mailbox.table.length).toBe(count);
  }
});
