import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function nameOf(account: AccountId): Promise<string> {
  const [row] = await storage.sql<{ name: string }[]>`select name from accounts where account_id = ${account}`;
  return row?.name ?? '';
}

async function keysOf(account: AccountId): Promise<readonly MailboxId[]> {
  const rows = await storage.sql<{ id: MailboxId }[]>`
    select mailbox_id as id from url_keys where account_id = ${account} order by mailbox_id`;
  return rows.map(({ id }) => id);
}

test('a key is of one account and one mailbox, and the same until it is reset', async () => {
  const { urlKeys } = storage.store;
  const [mary, john] = [await storage.newAccount(), await storage.newAccount()];
  const inbox = { account: mary.account, id: mary.inbox };
  const maryName = await nameOf(mary.account);
  expect(await urlKeys.find(mary.account, maryName, 'INBOX')).toBe(null);
  const key = await urlKeys.ensure(mary.account, inbox);
  expect(key).toHaveLength(32);
  expect(await urlKeys.ensure(mary.account, inbox)).toEqual(key);
  expect(await urlKeys.find(mary.account, maryName, 'INBOX')).toEqual(key);
  expect(await urlKeys.find(mary.account, maryName, 'Sent')).toBe(null);
  expect(await urlKeys.find(mary.account, await nameOf(john.account), 'INBOX')).toBe(null);
  expect(await urlKeys.find(null, maryName, 'INBOX')).toBe(null);

  const his = await urlKeys.ensure(john.account, inbox);
  expect(his).not.toEqual(key);
  await urlKeys.reset(mary.account, inbox);
  const another = await urlKeys.find(mary.account, maryName, 'INBOX');
  expect(another).not.toBe(null);
  expect(another).not.toEqual(key);
  await urlKeys.removeAll(mary.account);
  expect(await keysOf(mary.account)).toEqual([]);
  expect(await urlKeys.find(john.account, maryName, 'INBOX')).toEqual(his);
});

test('of two who make a key at once both have the same', async () => {
  const { account, inbox } = await storage.newAccount();
  const made = await Promise.all(
    Array.from({ length: 4 }, () => storage.store.urlKeys.ensure(account, { account, id: inbox })),
  );
  expect(new Set(made.map((key) => key.toString('hex')))).toHaveProperty('size', 1);
});

test('keys of mailboxes that are gone go with the next that is made, and all with their account', async () => {
  const { sql, store } = storage;
  const { urlKeys } = store;
  const { account, inbox } = await storage.newAccount();
  const other = await storage.newAccount();
  const box = await store.mailboxes.create(account, 'Box', null);
  await urlKeys.ensure(account, { account, id: box.id });
  await store.mailboxes.delete(account, box.id);
  expect(await urlKeys.find(account, await nameOf(account), 'Box')).toBe(null);
  expect(await keysOf(account)).toEqual([box.id]);
  await urlKeys.ensure(account, { account, id: inbox });
  await urlKeys.ensure(account, { account: other.account, id: other.inbox });
  expect((await keysOf(account)).includes(box.id)).toBe(false);
  expect(await keysOf(account)).toHaveLength(2);
  await sql.begin((tx) => removeAccountMail(tx, account));
  expect(await keysOf(account)).toEqual([]);
});
