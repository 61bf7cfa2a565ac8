import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId } from './ids.ts';
import { append, arrivalOf, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const OPTIONS = { signal: new AbortController().signal, onProgress: () => {} };
const HELLO = { type: 'text', text: 'hello' } as const;

const MESSAGES = [
  'Subject: =?utf-8?q?Hell=C3=B6?=\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nHello',
  'Content-Type: text/html\r\n\r\n<p>Hello <b>world</b></p>',
  `Subject: a blob\r\n\r\n${'x'.repeat(200_000)} hello`,
  'Subject: nothing\r\n\r\n',
];

/** As an older Postel leaves them. */
async function forgetTexts(account: AccountId): Promise<void> {
  const { sql } = storage;
  await sql`update contents set preview = null, search_text = null, header_text = null, sent_date = null
             where account_id = ${account}`;
  await sql`update deliveries set prefix_text = null where account_id = ${account}`;
}

async function texts(account: AccountId): Promise<readonly object[]> {
  const { sql } = storage;
  const contents = await sql<object[]>`
    select content_id, preview, md5(search_text), header_text, sent_date::text as sent from contents
     where account_id = ${account} order by content_id`;
  const deliveries = await sql<object[]>`
    select email_id, prefix_text from deliveries where account_id = ${account} order by email_id`;
  return [...contents, ...deliveries];
}

async function mailboxOf(messages: readonly string[] = MESSAGES) {
  const { account, inbox } = await storage.newAccount();
  for (const message of messages) {
    const arrival = arrivalOf('mary@example.com', 'Return-Path: <Hello@example.com>\r\n');
    await append(storage.store, account, inbox, Buffer.from(message), { arrival });
  }
  return { account, inbox, uids: Uint32Array.from(messages, (_, at) => at + 1) };
}

test('an append stores what a search looks in, and what it looks like', async () => {
  const { account } = await mailboxOf(MESSAGES.slice(0, 1));
  const [content] = await storage.sql<object[]>`
    select preview, search_text, header_text, sent_date::text as sent_date from contents where account_id = ${account}`;
  expect(content).toEqual({
    preview: 'Hello',
    search_text: expect.stringMatching(/^hello\s*$/),
    header_text: 'subject: hellö\ndate: mon, 7 feb 1994 21:52:25 -0800\n',
    sent_date: '1994-02-07',
  });
  const [delivery] = await storage.sql<object[]>`select prefix_text from deliveries where account_id = ${account}`;
  expect(delivery).toEqual({ prefix_text: 'return-path: <hello@example.com>\n' });
});

test('texts that are missing are filled in as they would have been stored, and change nothing else', async () => {
  const { sql, store } = storage;
  const { account, inbox, uids } = await mailboxOf();
  const stored = await texts(account);
  const before = await sql<object[]>`select * from accounts where account_id = ${account}`;
  await forgetTexts(account);
  const progress: number[][] = [];
  const options = { ...OPTIONS, onProgress: (...told: number[]) => void progress.push(told) };
  expect([...(await store.search.find(account, inbox, uids, { type: 'body', text: 'hello' }, options))]).toEqual([
    1, 2, 3,
  ]);
  expect(progress).toEqual([[4, 0]]);
  expect(await texts(account)).toEqual(stored);
  expect(await sql<object[]>`select * from accounts where account_id = ${account}`).toEqual(before);
  expect([...(await store.search.find(account, inbox, uids, HELLO, options))]).toEqual([1, 2, 3, 4]);
  expect(progress).toHaveLength(1);
});

test('only what is asked for is filled in', async () => {
  const { account, inbox } = await mailboxOf();
  await forgetTexts(account);
  const size = { type: 'size', above: 0, below: null } as const;
  await storage.store.search.find(account, inbox, Uint32Array.of(1, 2, 3, 4), size, OPTIONS);
  const filled = () => storage.sql<{ id: number }[]>`
    select content_id as id from contents where account_id = ${account} and search_text is not null`;
  expect(await filled()).toHaveLength(0);
  await storage.store.search.find(account, inbox, Uint32Array.of(2), HELLO, OPTIONS);
  expect(await filled()).toHaveLength(1);
});

test('of searches that come at once, in one process or in several, each is right', async () => {
  const { account, inbox, uids } = await mailboxOf(
    Array.from({ length: 300 }, (_, n) => `Subject: ${n % 2 === 0 ? 'hello' : 'goodbye'} ${n}\r\n\r\n${n}`),
  );
  const stored = await texts(account);
  await forgetTexts(account);
  const { store: other } = await storage.openStore();
  const progress: number[] = [];
  const options = { ...OPTIONS, onProgress: (read: number) => void progress.push(read) };
  const subject = { type: 'header', name: 'Subject', text: 'hello' } as const;
  const found = await Promise.all(
    [storage.store, storage.store, other, storage.store].map((store) =>
      store.search.find(account, inbox, uids, subject, options),
    ),
  );
  const even = Array.from({ length: 150 }, (_, n) => 2 * n + 1);
  for (const uids of found) expect([...uids]).toEqual(even);
  expect(await texts(account)).toEqual(stored);
  expect(progress.length).toBeLessThanOrEqual(2); // once a process
});

test('a search that is given up leaves what it read, and lets the next one in', async () => {
  const { account, inbox, uids } = await mailboxOf();
  await forgetTexts(account);
  const { store } = storage;
  const gone = new AbortController();
  const given = store.search.find(account, inbox, uids, HELLO, { ...OPTIONS, signal: gone.signal });
  const next = store.search.find(account, inbox, uids, HELLO, OPTIONS);
  gone.abort(new Error('the client is gone'));
  await expect(given).rejects.toThrow('the client is gone');
  expect([...(await next)]).toEqual([1, 2, 3, 4]);
});

test('a blob that cannot be read hides its own text and no other', async () => {
  const { store, sql, blobDirectory, errors } = storage;
  const { account, inbox, uids } = await mailboxOf();
  await forgetTexts(account);
  const [blob] = await sql<{ name: string }[]>`
    select blob_name as name from contents where account_id = ${account} and blob_name is not null`;
  if (blob === undefined) throw new Error('no blob');
  const path = join(blobDirectory, blob.name.slice(0, 2), blob.name);
  await rename(path, `${path}.away`);
  const body = { type: 'body', text: 'hello' } as const;
  expect([...(await store.search.find(account, inbox, uids, body, OPTIONS))]).toEqual([1, 2]);
  expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  await rename(`${path}.away`, path);
  expect([...(await store.search.find(account, inbox, uids, body, OPTIONS))]).toEqual([1, 2, 3]);
});

test('a process of before, which gives no texts, still appends, and its messages are found', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const octets = Buffer.from('Subject: hello\r\n\r\n');
  const hash = createHash('sha256').update(octets).digest();
  const [appended] = await sql<{ status: string; uid: number }[]>`
    select status, uid from append_messages(
      ${account}::bigint, ${`{${inbox}}`}::bigint[], '{0}'::smallint[], '{""}'::text[], '{0}'::bigint[],
      ${`{${octets.length}}`}::bigint[], ${`{${octets.length}}`}::bigint[], '{NULL}'::text[],
      ${`{${hash.length},0,0,0,0,0,${octets.length}}`}::integer[], ${Buffer.concat([hash, octets])}::bytea,
      '{NULL}'::text[], '{NULL}'::text[], '{NULL}'::text[], '{NULL}'::text[], '{NULL}'::text[])`;
  expect(appended).toEqual({ status: 'ok', uid: 1 });
  expect([...(await store.search.find(account, inbox, Uint32Array.of(1), HELLO, OPTIONS))]).toEqual([1]);
});
