import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SearchCriterion } from './search-messages.ts';
import { append, arrivalOf, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const OPTIONS = { signal: new AbortController().signal, onProgress: () => {} };
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const header = (name: string, text: string): SearchCriterion => ({ type: 'header', name, text });

/** A mailbox with these messages, from UID 1 on, and a way to search in it. */
async function mailboxOf(...messages: readonly (string | Buffer)[]) {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const message of messages) await append(store, account, inbox, Buffer.from(message));
  const search = async (criterion: SearchCriterion, uids: readonly number[] = messages.map((_, at) => at + 1)) => [
    ...(await store.search.find(account, inbox, Uint32Array.from(uids), criterion, OPTIONS)),
  ];
  return { account, inbox, search };
}

test('a field is searched in its value, to its end and no further, by its whole name', async () => {
  const { search } = await mailboxOf(
    'Subject: Hello world\r\nFrom: mary@example.com\r\n\r\nGoodbye',
    'X-Subject: Hello\r\nFrom: joe@example.com (subject: hello)\r\nSubject:\r\n hel\r\n\tlo\r\nX: hello\r\n\r\n',
    'SUBJECT : HELLO\r\nSubject: again\r\n\r\n',
    'Subject:\r\n\r\n',
    'From: nobody\r\n\r\nSubject: hello',
  );
  expect(await search(header('Subject', 'hello'))).toEqual([1, 3]);
  expect(await search(header('subject', 'HEL LO'))).toEqual([2]);
  expect(await search(header('Subject', 'again'))).toEqual([3]);
  expect(await search(header('Subject', ''))).toEqual([1, 2, 3, 4]);
  expect(await search(header('X-Subject', ''))).toEqual([2]);
  expect(await search(header('ject', ''))).toEqual([]);
  expect(await search(header('X', 'lo'))).toEqual([2]);
  expect(await search(header('From', 'hello) subject'))).toEqual([]);
  expect(await search(header('Subject', 'world from'))).toEqual([]);
});

test('body is what stands behind the header, text is both, and the fields that Postel put before it', async () => {
  const { account, inbox, search } = await mailboxOf('Subject: one\r\n\r\ntwo', 'Subject: two\r\n\r\none');
  const arrival = arrivalOf('mary@example.com', 'Return-Path: <Joe@example.com>\r\nReceived: from x\r\n\tby y\r\n');
  await append(storage.store, account, inbox, Buffer.from('Subject: three\r\n\r\n'), { arrival });
  const all = [1, 2, 3];
  expect(await search({ type: 'body', text: 'one' }, all)).toEqual([2]);
  expect(await search({ type: 'text', text: 'ONE' }, all)).toEqual([1, 2]);
  expect(await search({ type: 'text', text: 'from x by y' }, all)).toEqual([3]);
  expect(await search({ type: 'text', text: '' }, all)).toEqual([1, 2, 3]);
  expect(await search(header('Return-Path', 'joe@'), all)).toEqual([3]);
  expect(await search(header('Received', ''), all)).toEqual([3]);
  expect(await search(header('Received', 'three'), all)).toEqual([]);
});

test('days and sizes', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const [date, internalDate] of [
    ['Sun, 6 Feb 1994 23:59:59 -1200', '1994-02-06T23:59:59.999Z'],
    ['Mon, 7 Feb 1994 00:00:00 +1400', '1994-02-07T00:00:00Z'],
    ['7 Feb 94', '1994-02-07T23:59:59.999Z'],
    ['when it was', '1994-02-08T00:00:00Z'],
    ['1 Jan 0001 00:00 Z', '9999-12-31T12:00:00Z'],
  ] as const) {
    await append(store, account, inbox, Buffer.from(`Date: ${date}\r\n\r\n`), {
      internalDate: Date.parse(internalDate),
    });
  }
  const search = async (criterion: SearchCriterion) => [
    ...(await store.search.find(account, inbox, Uint32Array.of(1, 2, 3, 4, 5), criterion, OPTIONS)),
  ];
  const [from, before] = [day('1994-02-07'), day('1994-02-08')];
  expect(await search({ type: 'internal-date', from, before })).toEqual([2, 3]);
  expect(await search({ type: 'internal-date', from, before: null })).toEqual([2, 3, 4, 5]);
  expect(await search({ type: 'internal-date', from: null, before })).toEqual([1, 2, 3]);
  expect(await search({ type: 'sent-date', from, before })).toEqual([2, 3]);
  expect(await search({ type: 'sent-date', from: null, before: from })).toEqual([1, 5]);
  expect(await search({ type: 'sent-date', from: null, before: null })).toEqual([1, 2, 3, 5]);
  const yearZero = day('0000-01-01');
  for (const type of ['internal-date', 'sent-date'] as const) {
    expect(await search({ type, from: yearZero, before: yearZero + 86_400_000 })).toEqual([]);
    expect(await search({ type, from: null, before: yearZero })).toEqual([]);
    expect(await search({ type, from: day('9999-12-31'), before: day('9999-12-31') + 86_400_000 })).toEqual(
      type === 'sent-date' ? [] : [5],
    );
  }
  const octets = 'Date: 7 Feb 94\r\n\r\n'.length;
  expect(await search({ type: 'size', above: octets - 1, below: octets + 1 })).toEqual([3]);
  expect(await search({ type: 'size', above: octets, below: null })).toEqual([1, 2, 4, 5]);
  expect(await search({ type: 'size', above: null, below: octets })).toEqual([]);
  expect(await search({ type: 'size', above: Number.MAX_SAFE_INTEGER, below: null })).toEqual([]);
});

test('hardening 34: what is a pattern elsewhere is text here', async () => {
  const texts = ['100%', '100', 'a_b', 'axb', 'a\\b', 'a\\\\b', '%', '_', '\\', "it's", '$4', '[a-z]*', '(a+)+$'];
  const { search } = await mailboxOf(...texts.map((text) => `Subject: ${text}\r\n\r\n${text}`));
  for (const text of texts) {
    const expected = texts.flatMap((other, at) => (other.includes(text) ? [at + 1] : []));
    expect(await search({ type: 'body', text }), text).toEqual(expected);
    expect(await search({ type: 'text', text }), text).toEqual(expected);
    expect(await search(header('Subject', text)), text).toEqual(expected);
    expect(await search(header(text, '')), text).toEqual([]);
  }
});

test('NUL and octets of no charset are no hindrance', async () => {
  const { search } = await mailboxOf(
    Buffer.from('Subject: a\0b\r\nX-\0: c\r\nDate: \0\r\n\r\nd\0e \xff\xfe \xed\xa0\x80', 'latin1'),
    Buffer.alloc(100),
    '',
  );
  expect(await search({ type: 'text', text: '' })).toEqual([1, 2, 3]);
  expect(await search({ type: 'body', text: 'de' })).toEqual([1]);
});

test('rule 11: an expunged message is found as long as its tombstone is there', async () => {
  const { account, inbox, search } = await mailboxOf('Subject: one\r\n\r\n', 'Subject: two\r\n\r\n');
  const { sql, store } = storage;
  const edit = { mode: 'add', system: 8, keywords: [] } as const;
  await store.changeFlags(account, inbox, [{ first: 1, last: 1 }], edit, null);
  await store.expunge(account, inbox, [{ first: 1, last: 2 }]);
  expect(await search(header('Subject', ''))).toEqual([1, 2]);
  expect(await search({ type: 'size', above: 0, below: null })).toEqual([1, 2]);
  await sql`delete from tombstones where account_id = ${account}`;
  expect(await search(header('Subject', ''))).toEqual([2]);
});

test('only the messages asked for, of this mailbox, in any number, come back in order', async () => {
  const { account, inbox, search } = await mailboxOf('Subject: one\r\n\r\n');
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                          size_octets, flags)
    select account_id, box, 2 * n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, 2 * n, flags
      from messages, generate_series(1, 2000) as n, unnest(array[${inbox}, ${inbox} + 1]::bigint[]) as box
     where account_id = ${account} and mailbox_id = ${inbox} and uid = 1`;
  const even = Array.from({ length: 2_000 }, (_, n) => 2 * n + 2);
  const asked = Array.from({ length: 4_100 }, (_, n) => n + 1);
  expect(await search(header('Subject', 'one'), asked)).toEqual([1, ...even]);
  expect(await search({ type: 'size', above: 3_000, below: null }, asked)).toEqual(even.filter((uid) => uid > 3_000));
  expect(await search({ type: 'text', text: 'one' }, [4, 5, 10])).toEqual([4, 10]);
  expect(await search({ type: 'text', text: 'one' }, [])).toEqual([]);
});

test('a search that nobody waits for any more ends', async () => {
  const { account, inbox } = await mailboxOf('Subject: one\r\n\r\n');
  const reason = new Error('the client is gone');
  const search = storage.store.search.find(account, inbox, Uint32Array.of(1), header('Subject', ''), {
    ...OPTIONS,
    signal: AbortSignal.abort(reason),
  });
  await expect(search).rejects.toBe(reason);
});

test('an email id is that of all copies of one arrival, removed ones too, and not of the same octets that came again', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const text of ['one', 'two', 'one']) await append(store, account, inbox, text);
  // Far from the id of its content, which is the first one's.
  await sql`update accounts set next_object_id = next_object_id + 1000 where account_id = ${account}`;
  await append(store, account, inbox, 'one');
  await store.copy(account, inbox, [{ first: 1, last: 4 }], inbox, 'whole');
  await store.changeFlags(account, inbox, [{ first: 1, last: 9 }], { system: 8, keywords: [], mode: 'add' }, null);
  await store.expunge(account, inbox, [{ first: 1, last: 1 }]);
  const rows = await sql<{ uid: number; id: number }[]>`
    select uid, email_id as id from messages where account_id = ${account} union all
    select uid, email_id from tombstones where account_id = ${account} order by uid`;
  expect(rows.map(({ uid }) => uid)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const search = async (id: number, uids: readonly number[]) => [
    ...(await store.search.find(account, inbox, Uint32Array.from(uids), { type: 'email-id', id }, OPTIONS)),
  ];
  for (const { uid, id } of rows.slice(0, 4)) {
    expect(await search(id, [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([uid, uid + 4]);
    expect(await search(id, [1, 2, 3, 4])).toEqual([uid]);
  }
  expect(await search(999_999, [1, 2, 3])).toEqual([]);
});
