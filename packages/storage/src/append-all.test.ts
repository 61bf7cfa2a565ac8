/** Several messages at once, all or none; and one in the place of another. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewMessage } from './append.ts';
import type { AccountId } from './ids.ts';
import { append, messageOf, recount, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function discardAll(messages: readonly NewMessage[]): Promise<void> {
  for (const { content } of messages) await content.discard();
}

async function uidsOf(account: AccountId): Promise<readonly number[]> {
  const rows = await storage.sql<
    { uid: number }[]
  >`select uid from messages where account_id = ${account} order by uid`;
  return rows.map(({ uid }) => uid);
}

test('messages get UIDs in their order, one behind the other, whoever else appends', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore();
  const messages = await Promise.all(Array.from({ length: 150 }, (_, n) => messageOf(store, inbox, `${n}`)));
  const [done, ...others] = await Promise.all([
    store.arrivals.appendAll(account, messages),
    ...Array.from({ length: 20 }, (_, n) => append(n % 2 === 0 ? store : other.store, account, inbox, `other ${n}`)),
  ]);
  const uids = done.map(({ uid }) => uid);
  expect(uids).toEqual(Array.from({ length: 150 }, (_, n) => (uids[0] ?? 0) + n));
  expect(others).toHaveLength(20);
  const [row] = await storage.sql<{ subject: string }[]>`
    select c.subject from messages as m join contents as c using (account_id, content_id)
     where m.account_id = ${account} and m.uid = ${uids[99] ?? 0}`;
  expect(row?.subject).toBe('99');
  expect(await recount(storage.database, account)).toEqual([]);
});

test('one that fails fails all, also those of statements before, and their blobs go', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const blobs = await storage.blobs();
  const large = await messageOf(store, inbox, randomBytes(200_000));
  const small = await Promise.all(Array.from({ length: 100 }, (_, n) => messageOf(store, inbox, `${n}`)));
  await storage.sql`update accounts set quota_messages = 101 where account_id = ${account}`;
  await append(store, account, inbox, 'first');
  const messages = [large, ...small];
  await expect(store.arrivals.appendAll(account, messages)).rejects.toMatchObject({ kind: 'over-quota' });
  await discardAll(messages);
  expect(await uidsOf(account)).toEqual([1]);
  expect(await storage.blobs()).toEqual(blobs);
  expect(await recount(storage.database, account)).toEqual([]);
  await append(store, account, inbox, 'second');
  expect(await uidsOf(account)).toEqual([1, 2]);
});

test('blobs of all of them stay, one for those with the same content', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const before = (await storage.blobs()).length;
  const octets = randomBytes(200_000);
  const messages = [
    await messageOf(store, inbox, octets),
    await messageOf(store, inbox, 'small'),
    await messageOf(store, inbox, octets),
    await messageOf(store, inbox, randomBytes(200_000)),
  ];
  await store.arrivals.appendAll(account, messages);
  await discardAll(messages);
  expect(await storage.blobs()).toHaveLength(before + 2);
  for (const message of await store.fetchMessages(account, inbox, [1, 3, 4], { octets: true })) {
    if (message.blob === null) throw new Error('the message should be in a blob');
    const pieces = await Array.fromAsync(store.readBlob(message.blob, 0, message.blob.sizeOctets));
    expect(Buffer.concat(pieces)).toHaveLength(200_000);
  }
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a message takes the place of another: the quota needs room for the difference only, and a failure leaves all as it was', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await storage.sql`update accounts set quota_messages = 1 where account_id = ${account}`;
  await append(store, account, inbox, 'old');
  const replaced = { account, mailbox: inbox, uid: 1 };
  const done = await store.arrivals.replace(replaced, account, await messageOf(store, inbox, 'new'));
  expect(done?.uid).toBe(2);
  expect(await store.arrivals.replace(replaced, account, await messageOf(store, inbox, 'newer'))).toBeNull();
  await storage.sql`update accounts set quota_octets = used_octets where account_id = ${account}`;
  const larger = messageOf(store, inbox, 'one that is larger');
  await expect(store.arrivals.replace({ ...replaced, uid: 2 }, account, await larger)).rejects.toMatchObject({
    kind: 'over-quota',
  });
  expect(await uidsOf(account)).toEqual([2]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('messages take the place of others in another account, in both directions at the same time', async () => {
  const { store } = storage;
  const other = await storage.openStore();
  const [a, b] = [await storage.newAccount(), await storage.newAccount()];
  const count = 20;
  for (let n = 0; n < count; n++) {
    await append(store, a.account, a.inbox, `a ${n}`);
    await append(store, b.account, b.inbox, `b ${n}`);
  }
  const replacing = Array.from({ length: count }, async (_, n) => {
    const [from, to] = n % 2 === 0 ? [a, b] : [b, a];
    const by = n % 3 === 0 ? store : other.store;
    const replaced = { account: from.account, mailbox: from.inbox, uid: n + 1 };
    return await by.arrivals.replace(replaced, to.account, await messageOf(store, to.inbox, `new ${n}`));
  });
  expect((await Promise.all(replacing)).every((done) => done !== null)).toBe(true);
  for (const { account } of [a, b]) {
    expect(await uidsOf(account)).toHaveLength(count);
    expect(await recount(storage.database, account)).toEqual([]);
  }
});
