import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRights } from './rights.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('each change of an account is told once, with what the mailbox is then', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const all = await store.accountChanges(account, -1);
  expect(all.mailboxes.map(({ name }) => name)).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
  let seen = all.upTo;
  const news = async () => {
    const { upTo, mailboxes } = await store.accountChanges(account, seen);
    seen = upTo;
    return mailboxes.map(({ name, messages, unseen, uidNext, isDeleted }) => ({
      name,
      messages,
      unseen,
      uidNext,
      isDeleted,
    }));
  };
  expect(await news()).toEqual([]);

  await append(store, account, inbox, 'xx');
  expect(await news()).toEqual([{ name: 'INBOX', messages: 1, unseen: 1, uidNext: 2, isDeleted: false }]);
  const { id } = await store.mailboxes.create(account, 'a/b', null);
  const empty = { messages: 0, unseen: 0, uidNext: 1, isDeleted: false };
  expect(await news()).toEqual([
    { name: 'a', ...empty },
    { name: 'a/b', ...empty },
  ]);
  await store.mailboxes.rename(account, 'a', 'c');
  expect(await news()).toEqual([
    { name: 'c', ...empty },
    { name: 'c/b', ...empty },
  ]);
  await store.mailboxes.delete(account, id);
  expect(await news()).toEqual([{ name: 'c/b', ...empty, isDeleted: true }]);
  const { account: reader } = await storage.newAccount();
  await store.sharing.setRights(
    account,
    inbox,
    { account: reader, isNegative: false },
    { mode: 'add', rights: parseRights('l') },
  );
  expect((await news()).map(({ name }) => name)).toEqual(['INBOX']);
  const { id: brief } = await store.mailboxes.create(account, 'brief', null);
  await store.mailboxes.delete(account, brief);
  expect(await news()).toEqual([]); // nobody has seen it
});

test('every change of the subscriptions shows', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const states = new Set<string>();
  const look = async () => states.add((await store.accountChanges(account, 0)).subscriptions);
  await look();
  await store.mailboxes.subscribe(account, 'one');
  await look();
  await store.mailboxes.unsubscribe(account, 'INBOX');
  await look();
  await store.mailboxes.subscribe(account, 'two');
  await look();
  await store.mailboxes.unsubscribe(account, 'two');
  await store.mailboxes.subscribe(account, 'three');
  await look();
  expect(states.size).toBe(5);
});
