import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

interface Mail {
  readonly id?: string;
  readonly subject?: string;
  readonly inReplyTo?: string;
  readonly references?: string;
}

function octetsOf({ id, subject = 'Lunch', inReplyTo, references }: Mail): Buffer {
  const fields = { 'Message-ID': id, Subject: subject, 'In-Reply-To': inReplyTo, References: references };
  const lines = Object.entries(fields).map(([name, value]) => (value === undefined ? '' : `${name}: ${value}\r\n`));
  return Buffer.from(`${lines.join('')}X-Different: ${Math.random()}\r\n\r\n`);
}

async function appendAll(account: AccountId, inbox: MailboxId, mails: readonly Mail[]): Promise<void> {
  for (const mail of mails) await append(storage.store, account, inbox, octetsOf(mail));
}

/** Which thread each message is in, by its first message's UID. */
async function threadsOf(account: AccountId): Promise<readonly number[]> {
  const rows = await storage.sql<{ first: number }[]>`
    select (select min(f.uid) from messages as f where f.account_id = m.account_id and f.thread_id = m.thread_id) as first
      from messages as m where account_id = ${account} order by uid`;
  return rows.map(({ first }) => first);
}

async function threadsAfter(mails: readonly Mail[]): Promise<readonly number[]> {
  const { account, inbox } = await storage.newAccount();
  await appendAll(account, inbox, mails);
  return threadsOf(account);
}

const A = { id: '<a@x>' };
const B = { id: '<b@x>', subject: 'Re: Lunch', inReplyTo: '<a@x>', references: '<a@x>' };
const C = { id: '<c@x>', subject: 'AW: Re: Lunch', references: '<a@x> <b@x>' };

test.each<[string, readonly Mail[], readonly number[]]>([
  ['answers are of the thread', [A, B, C], [1, 1, 1]],
  ['an answer that comes before what it answers', [C, A, B], [1, 1, 1]],
  ['an answer to a message that never came, and another answer to it', [B, { ...C, references: '<a@x>' }], [1, 1]],
  ['a message and the copy that a list sent back', [A, A], [1, 1]],
  ['messages that have nothing to do with each other', [A, { id: '<other@x>' }], [1, 2]],
  ['messages without an id', [{}, {}], [1, 2]],
  ['an answer with another subject begins a thread', [A, { ...B, subject: 'Dinner' }], [1, 2]],
  [
    'threads that meet later stay apart, and what comes then joins the nearer one',
    [A, { id: '<z@x>' }, { id: '<m@x>', references: '<z@x> <a@x>' }, { id: '<n@x>', inReplyTo: '<m@x>' }],
    [1, 2, 1, 1],
  ],
])('%s', async (_, mails, expected) => {
  expect(await threadsAfter(mails)).toEqual(expected);
});

test('an account knows nothing of the threads of another', async () => {
  const one = await storage.newAccount();
  const other = await storage.newAccount();
  await appendAll(one.account, one.inbox, [{ id: '<first@x>' }, A]);
  await appendAll(other.account, other.inbox, [B]);
  expect(await threadsOf(other.account)).toEqual([1]);
});

test('messages of one transaction find each other', async () => {
  const { account, inbox } = await storage.newAccount();
  await Promise.all([A, B, C].map((mail) => append(storage.store, account, inbox, octetsOf(mail))));
  expect(await threadsOf(account)).toEqual([1, 1, 1]);
});

test('a copy is of the thread, and a thread outlives its first message', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await appendAll(account, inbox, [A]);
  await store.copy(account, inbox, [{ first: 1, last: 1 }], inbox, 'whole');
  await store.changeFlags(account, inbox, [{ first: 1, last: 1 }], { mode: 'add', system: 8, keywords: [] }, null);
  await store.expunge(account, inbox, [{ first: 1, last: 1 }]);
  await appendAll(account, inbox, [B]);
  const threads = await sql<
    { id: number }[]
  >`select distinct thread_id as id from messages where account_id = ${account}`;
  expect(threads).toHaveLength(1);
});

test('removing an account leaves nothing of its threads', async () => {
  const { account, inbox } = await storage.newAccount();
  await appendAll(account, inbox, [A, B]);
  await storage.sql.begin((tx) => removeAccountMail(tx, account));
  expect(await storage.sql<object[]>`select from thread_ids where account_id = ${account}`).toHaveLength(0);
});

test('Message-IDs are forgotten with the last message of their thread, and its tombstone', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await appendAll(account, inbox, [A, B, { id: '<alone@x>' }]);
  const remove = async (uid: number) => {
    await store.changeFlags(
      account,
      inbox,
      [{ first: uid, last: uid }],
      { mode: 'add', system: 8, keywords: [] },
      null,
    );
    await store.expunge(account, inbox, [{ first: uid, last: uid }]);
  };
  await remove(1);
  await remove(3);
  expect(await store.pruneThreads(account)).toBe(0);
  await sql`delete from tombstones where account_id = ${account}`;
  expect(await store.pruneThreads(account)).toBe(1);
  expect(await store.pruneThreads(account)).toBe(0);
  await appendAll(account, inbox, [C]);
  expect(await threadsOf(account)).toEqual([2, 2]);
});

test('a thread of very many messages is no more work to keep or forget than many threads', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await appendAll(account, inbox, [A]);
  await sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                          thread_id, size_octets, flags)
    select account_id, mailbox_id, 1 + n, 1, 1, now(), now(), content_id, email_id, thread_id, 1, 0
      from messages, generate_series(1, 100000) as n where account_id = ${account}`;
  await sql`
    insert into thread_ids (account_id, message_id_hash, thread_id)
    select t.account_id, int8send(n), t.thread_id from thread_ids as t, generate_series(1, 100000) as n
     where t.account_id = ${account}`;
  expect(await store.pruneThreads(account)).toBe(0);
  await sql`delete from messages where account_id = ${account}`;
  expect(await store.pruneThreads(account)).toBe(100_001);
});
