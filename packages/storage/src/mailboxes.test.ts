import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount, removeAccountMail } from './accounts.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { append, recount, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function find(account: AccountId, name: string) {
  const mailbox = await storage.store.findMailbox(account, name);
  if (mailbox === null) throw new Error(`no ${name}`);
  return mailbox;
}

test('a new account has INBOX and the special uses, subscribed and empty', async () => {
  const { account } = await storage.newAccount();
  const mailboxes = await storage.store.listMailboxes(account);
  expect(
    mailboxes.map(({ name, specialUse, isSubscribed, messages }) => [name, specialUse, isSubscribed, messages]),
  ).toEqual([
    ['Archive', '\\Archive', true, 0],
    ['Drafts', '\\Drafts', true, 0],
    ['INBOX', null, true, 0],
    ['Junk', '\\Junk', true, 0],
    ['Sent', '\\Sent', true, 0],
    ['Trash', '\\Trash', true, 0],
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 6: what a mailbox tells of itself is as its messages are', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const system of [0, 1, 8, 9, 4]) await append(store, account, inbox, 'xx', { flags: { system, keywords: [] } });
  expect(await find(account, 'INBOX')).toMatchObject({
    id: inbox,
    uidNext: 6,
    messages: 5,
    unseen: 3,
    deleted: 2,
    octets: 75,
    deletedOctets: 30,
    recent: 5,
    recentUid: 0,
  });
});

test('there is one mailbox of a name, case and all, and names are listed in order of their octets', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const names = ['work', 'Work', 'work/a', 'work é', 'work 日本', 'it\'s "a" \\ mailbox', '__proto__'];
  for (const name of names) await store.createMailbox(account, name, null);
  await expect(store.createMailbox(account, 'work', null)).rejects.toMatchObject({ kind: 'exists' });
  const listed = (await store.listMailboxes(account)).map(({ name }) => name);
  expect(listed).toEqual([...listed].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(listed).toEqual(expect.arrayContaining(names));
});

test('of two who create a mailbox at once one does', async () => {
  const { account } = await storage.newAccount();
  const other = await storage.openStore();
  const outcomes = await Promise.allSettled(
    [storage.store, other.store].map((store) => store.createMailbox(account, 'new', null)),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('RFC 9208 §5.4: mailboxes above the quota are not made', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await sql`update accounts set quota_mailboxes = 7 where account_id = ${account}`;
  await store.createMailbox(account, 'seventh', null);
  await expect(store.createMailbox(account, 'eighth', null)).rejects.toMatchObject({ kind: 'over-quota' });
  await store.deleteMailbox(account, (await find(account, 'seventh')).id);
  await store.createMailbox(account, 'eighth', null);
});

test('rule 3: a mailbox made after one of its name was deleted has another UIDVALIDITY and id', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const seen = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const { uidvalidity } = await store.createMailbox(account, 'again', null);
    const mailbox = await find(account, 'again');
    expect(mailbox).toMatchObject({ uidvalidity, uidNext: 1 });
    seen.add(uidvalidity).add(mailbox.id);
    await store.deleteMailbox(account, mailbox.id);
  }
  expect(seen.size).toBe(6);
});

test('hardening 49: an account made after one of its name was removed uses no UIDVALIDITY again', async () => {
  const { sql, store } = storage;
  const make = () => sql.begin((tx) => createAccount(tx, 'comes-again'));
  const uidvalidities = async (account: AccountId) => (await store.listMailboxes(account)).map((b) => b.uidvalidity);
  const first = await make();
  for (let i = 0; i < 20; i++) await store.createMailbox(first, `many ${i}`, null); // more than one a second
  const before = await uidvalidities(first);
  await sql.begin((tx) => removeAccountMail(tx, first));
  const second = await make();
  expect(second).not.toBe(first);
  expect(Math.min(...(await uidvalidities(second)))).toBeGreaterThan(Math.max(...before));
});

test('a deleted mailbox takes its messages and its use of the quota with it', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await store.createMailbox(account, 'doomed', null);
  const doomed = await find(account, 'doomed');
  for (let i = 0; i < 5; i++) await append(store, account, doomed.id, `${i}`);
  await store.deleteMailbox(account, doomed.id);
  expect(await store.findMailbox(account, 'doomed')).toBe(null);
  expect(
    await sql`select used_messages, used_octets, used_mailboxes from accounts where account_id = ${account}`,
  ).toEqual([{ used_messages: 0, used_octets: 0, used_mailboxes: 6 }]);
  expect(await recount(storage.database, account)).toEqual([]);
  await expect(store.deleteMailbox(account, doomed.id)).rejects.toMatchObject({ kind: 'nonexistent' });
  await expect(append(store, account, doomed.id, 'x')).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('a mailbox is deleted although messages keep coming to it', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  await store.createMailbox(account, 'busy', null);
  const busy = await find(account, 'busy');
  const other = await storage.openStore();
  const appends = (async () => {
    for (let i = 0; ; i++) await append(other.store, account, busy.id, `${i}`);
  })();
  await Promise.all([
    expect(appends).rejects.toMatchObject({ kind: 'nonexistent' }),
    store.deleteMailbox(account, busy.id),
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('what belongs to one account is nowhere in another', async () => {
  const { store } = storage;
  const [mary, peter] = [await storage.newAccount(), await storage.newAccount()];
  await store.createMailbox(mary.account, 'hers', null);
  const hers = await find(mary.account, 'hers');
  await append(store, mary.account, hers.id, 'secret');
  const id = hers.id as MailboxId;
  expect(await store.findMailbox(peter.account, 'hers')).toBe(null);
  expect(await store.fetchMessages(peter.account, id, [1], { octets: true })).toEqual([]);
  await expect(store.deleteMailbox(peter.account, id)).rejects.toMatchObject({ kind: 'nonexistent' });
  const watcher = { removed() {}, changed() {}, lost() {} };
  await expect(store.openMailbox(peter.account, id, watcher)).rejects.toMatchObject({ kind: 'nonexistent' });
});
