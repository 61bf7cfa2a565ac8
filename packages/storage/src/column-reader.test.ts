import { afterAll, beforeAll, expect, test } from 'vitest';
import { ColumnReader, type SortColumn } from './column-reader.ts';
import type { SharedMailbox } from './shared-mailbox.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const SIGNAL = new AbortController().signal;
const WATCHER = { removed() {}, changed() {}, lost() {} };

const letter = (subject: string, more = '') => Buffer.from(`Subject: ${subject}\r\n${more}\r\n`);

/** Counts the statements. */
function reader(keptOctets?: number) {
  const columns = new ColumnReader(storage.sql, keptOctets);
  const counter = { statements: 0 };
  const options = {
    signal: SIGNAL,
    inTurn: <Result>(work: () => Promise<Result>) => {
      counter.statements++;
      return work();
    },
  };
  return {
    counter,
    options,
    columns,
    values: async (mailbox: SharedMailbox, column: SortColumn, uids = mailbox.table.uids().slice()) => [
      ...Array.from(await columns.sortValues(mailbox, uids, column, options)),
    ],
  };
}

async function mailboxWith(subjects: readonly string[]) {
  const { account, inbox } = await storage.newAccount();
  for (const subject of subjects) await append(storage.store, account, inbox, letter(subject));
  const mailbox = await storage.store.openMailbox(account, inbox, WATCHER);
  return { account, inbox, mailbox };
}

test('texts are ranks, that what came since is given its place in', async () => {
  const { account, inbox, mailbox } = await mailboxWith(['b', '', 'd', 'Re: B']);
  const { values, counter } = reader();
  expect(await values(mailbox, 'subject')).toEqual([1, 0, 2, 1]);
  expect(await values(mailbox, 'subject')).toEqual([1, 0, 2, 1]);
  expect(counter.statements).toBe(1);
  await append(storage.store, account, inbox, letter('c'));
  await mailbox.refresh();
  expect(await values(mailbox, 'subject')).toEqual([1, 0, 3, 1, 2]);
  expect(await values(mailbox, 'subject', Uint32Array.of(3, 5))).toEqual([3, 2]);
  expect(counter.statements).toBe(2);
});

test('two at once read a column once', async () => {
  const { mailbox } = await mailboxWith(['a', 'b']);
  const { values, counter } = reader();
  expect(await Promise.all([values(mailbox, 'date'), values(mailbox, 'date')])).toHaveLength(2);
  expect(counter.statements).toBe(1);
});

test('of a small part of a mailbox that part is read', async () => {
  const { mailbox } = await mailboxWith(Array.from({ length: 40 }, (_, n) => String(n)));
  const { values, counter } = reader();
  expect(await values(mailbox, 'size', Uint32Array.of(3, 11))).toHaveLength(2);
  expect(await values(mailbox, 'size', Uint32Array.of(11))).toHaveLength(1);
  expect(counter.statements).toBe(2);
});

test('messages that went are sorted by what they were, and first when nothing is left of them', async () => {
  const { account, inbox, mailbox } = await mailboxWith(['c', 'b', 'a']);
  const { values } = reader();
  const uids = mailbox.table.uids().slice();
  await storage.sql`
    update messages set flags = 8 where account_id = ${account} and uid = 1`;
  await storage.sql`update mailboxes set deleted = 1, deleted_octets = (select size_octets from messages where account_id = ${account} and uid = 1) where account_id = ${account} and mailbox_id = ${inbox}`;
  await storage.store.expunge(account, inbox, [{ first: 1, last: 1 }]);
  await mailbox.refresh();
  expect(await values(mailbox, 'subject')).toEqual([2, 1]);
  expect(await values(mailbox, 'subject', uids)).toEqual([3, 2, 1]);
  const { values: anew } = reader();
  await storage.sql`update tombstones set content_id = null where account_id = ${account}`;
  expect(await anew(mailbox, 'subject', uids)).toEqual([0, 2, 1]);
});

test('no more is kept than may be', async () => {
  const { mailbox } = await mailboxWith(['a', 'b']);
  const { values, counter } = reader(5_000);
  for (let n = 0; n < 2; n++) for (const column of ['date', 'size', 'arrival'] as const) await values(mailbox, column);
  expect(counter.statements).toBe(6); // one has room, and it is another that is asked for next
  await values(mailbox, 'arrival');
  expect(counter.statements).toBe(6);
  const none = reader(1);
  for (let n = 0; n < 2; n++) await none.values(mailbox, 'date');
  expect(none.counter.statements).toBe(2);
});

test('who refers to whom, by numbers', async () => {
  const { account, inbox } = await storage.newAccount();
  for (const fields of [
    'Message-ID: <a@x>\r\n',
    'References: <a@x> <b@x>\r\n',
    'Message-ID: <b@x>\r\nIn-Reply-To: <a@x> <c@x>\r\n',
  ])
    await append(storage.store, account, inbox, letter('Re: x', fields));
  const mailbox = await storage.store.openMailbox(account, inbox, WATCHER);
  const { columns, options } = reader();
  const links = await columns.threadLinks(mailbox, Uint32Array.of(1, 2, 3), options);
  expect(links).toEqual({
    isReplyOrForward: Uint8Array.of(1, 1, 1),
    messageIds: Uint32Array.of(1, 0, 2),
    referenceStarts: Uint32Array.of(0, 0, 2, 3),
    references: Uint32Array.of(1, 2, 1),
    highest: 2,
  });
});

test('it ends when nobody waits for it any more', async () => {
  const { mailbox } = await mailboxWith(['a']);
  const { columns } = reader();
  const signal = AbortSignal.abort(new Error('gone'));
  const reading = columns.sortValues(mailbox, Uint32Array.of(1), 'date', { signal, inTurn: (work) => work() });
  await expect(reading).rejects.toThrow('gone');
});
