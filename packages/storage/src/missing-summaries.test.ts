import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId } from './ids.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const SIGNAL = new AbortController().signal;
const FILL = { signal: SIGNAL, onProgress: () => {} };

const HELLO = [
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'From: "Smith, \\"Mary\\"" <mary@example.com>',
  'To: bob@example.com, Ann <ann@example.com>',
  'Date: Mon, 7 Feb 1994 21:52:25 -0800',
  'Message-ID: <one@example.com>\r\n\r\nHello',
].join('\r\n');
const ANSWER = `Subject: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nIn-Reply-To: <one@example.com>\r\n\r\n${'x'.repeat(200_000)}`;
const BARE = '\r\nnothing';

async function accountWith(messages: readonly string[]) {
  const { account, inbox } = await storage.newAccount();
  for (const message of messages) await append(storage.store, account, inbox, Buffer.from(message));
  return { account, inbox };
}

/** As an older Postel leaves them. */
async function forget(account: AccountId): Promise<void> {
  await storage.sql`
    update contents set subject = null, from_list = null, to_list = null, cc_list = null, message_id = null, sent_at = null,
                        thread_keys = null, sort_keys = null, thread_links = null where account_id = ${account}`;
  await storage.sql`update messages set thread_id = null where account_id = ${account}`;
  await storage.sql`delete from thread_ids where account_id = ${account}`;
}

const rowsOf = (account: AccountId) => storage.sql<object[]>`
  select uid, subject, from_list, to_list, cc_list, sent_at, message_id, thread_keys, sort_keys, thread_links, thread_id
    from messages join contents using (account_id, content_id) where account_id = ${account} order by uid`;

test('an append stores what a list of messages shows', async () => {
  const { account } = await accountWith([HELLO]);
  expect(await rowsOf(account)).toEqual([
    {
      uid: 1,
      subject: 'Grüße',
      from_list: 'Smith, "Mary" <mary@example.com>',
      to_list: 'bob@example.com\nAnn <ann@example.com>',
      cc_list: null,
      sent_at: new Date('1994-02-08T05:52:25Z'),
      message_id: 'one@example.com',
      thread_keys: expect.objectContaining({ length: 8 }),
      sort_keys: '{GRU\u0308ßE,MARY,BOB,NULL,"SMITH, \\"MARY\\"",BOB@EXAMPLE.COM}',
      thread_links: expect.objectContaining({ length: 9 }),
      thread_id: expect.any(Number),
    },
  ]);
});

test('what is missing is filled in as it would have been stored, threads of copies too, and nothing else changes', async () => {
  const { sql, store } = storage;
  const { account, inbox } = await accountWith([HELLO, ANSWER, BARE]);
  await store.copy(account, inbox, [{ first: 1, last: 1 }], inbox, 'whole');
  const stored = await rowsOf(account);
  const before = await sql<object[]>`select * from accounts where account_id = ${account}`;
  await forget(account);
  expect(await store.search.countMissingSummaries()).toBe(7);
  const progress: number[][] = [];
  await store.search.fillMissingSummaries({ signal: SIGNAL, onProgress: (...told) => progress.push(told) });
  expect(await rowsOf(account)).toEqual(stored);
  expect(await sql<object[]>`select * from accounts where account_id = ${account}`).toEqual(before);
  expect(progress.at(-1)?.[0]).toBe(6);
  expect(await store.search.countMissingSummaries()).toBe(0);
});

test('it goes on where it was ended', async () => {
  const { store } = storage;
  const accounts = [await accountWith([HELLO, ANSWER]), await accountWith([HELLO])];
  const stored = await Promise.all(accounts.map(({ account }) => rowsOf(account)));
  for (const { account } of accounts) await forget(account);
  const stop = new AbortController();
  const ended = store.search.fillMissingSummaries({
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('ended')),
  });
  await expect(ended).rejects.toThrow('ended');
  expect(await store.search.countMissingSummaries()).toBeGreaterThan(0);
  await store.search.fillMissingSummaries(FILL);
  expect(await Promise.all(accounts.map(({ account }) => rowsOf(account)))).toEqual(stored);
});

test('two processes that fill in at once and one that appends give no message two threads', async () => {
  const { account, inbox } = await accountWith(
    Array.from(
      { length: 600 },
      (_, n) => `Subject: ${n % 3}\r\nMessage-ID: <${n}@x>\r\nReferences: <root${n % 3}@x>\r\n\r\n`,
    ),
  );
  await forget(account);
  const { store: other } = await storage.openStore();
  const answer = `Subject: Re: 1\r\nMessage-ID: <new@x>\r\nReferences: <root1@x>\r\n\r\n`;
  await Promise.all([
    storage.store.search.fillMissingSummaries(FILL),
    other.search.fillMissingSummaries(FILL),
    append(other, account, inbox, Buffer.from(answer)),
  ]);
  const threads = await storage.sql<{ messages: number }[]>`
    select count(*) as messages from messages where account_id = ${account} group by thread_id order by 1`;
  expect(threads.map(({ messages }) => messages)).toEqual([200, 200, 201]);
});

test('a blob that cannot be read keeps its own summary away, and no other', async () => {
  const { store, sql, blobDirectory, errors } = storage;
  const { account } = await accountWith([HELLO, ANSWER]);
  await forget(account);
  const [blob] = await sql<{ name: string }[]>`
    select blob_name as name from contents where account_id = ${account} and blob_name is not null`;
  if (blob === undefined) throw new Error('no blob');
  const path = join(blobDirectory, blob.name.slice(0, 2), blob.name);
  await rename(path, `${path}.away`);
  await store.search.fillMissingSummaries(FILL);
  expect(await rowsOf(account)).toMatchObject([{ subject: 'Grüße' }, { subject: null }]);
  expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  await rename(`${path}.away`, path);
  await store.search.fillMissingSummaries(FILL);
  expect(await rowsOf(account)).toMatchObject([{ subject: 'Grüße' }, { subject: 'Re: Grüße' }]);
});
