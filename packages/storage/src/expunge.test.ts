import { afterAll, beforeAll, expect, test } from 'vitest';
import { append, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { rangesOf, type UidRanges } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];

async function mailboxWith(flags: readonly number[]) {
  const { account, inbox } = await storage.newAccount();
  for (const system of flags) {
    await append(storage.store, account, inbox, `x${system}`, {
      flags: { system, keywords: system === 9 ? ['kept'] : [] },
    });
  }
  return { account, inbox };
}

test('only messages with \\Deleted among those named go', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await mailboxWith([8, 0, 9, 8]);
  await store.expunge(account, inbox, [{ first: 1, last: 3 }]);
  expect(await sql`select uid from messages where account_id = ${account} order by uid`).toEqual([
    { uid: 2 },
    { uid: 4 },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 2: a removal leaves a tombstone with all that the message was, under one new modseq', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await mailboxWith([8, 9]);
  const messages = await sql`
    select uid, create_seq, internal_date, save_date, content_id, email_id, size_octets, flags, keywords
      from messages where account_id = ${account} order by uid`;
  const modseq = await store.expunge(account, inbox, EVERY);
  const [row] = await sql<{ modseq: number }[]>`select modseq from accounts where account_id = ${account}`;
  expect(modseq).toBe(row?.modseq);
  const tombstones = await sql`
    select uid, create_seq, internal_date, save_date, content_id, email_id, size_octets, flags, keywords
      from tombstones where account_id = ${account} and mod_seq = ${modseq ?? 0} and not was_moved order by uid`;
  expect(tombstones).toEqual(messages);
});

test('what removes nothing leaves every modseq as it is', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await mailboxWith([0, 1]);
  const state = () =>
    sql`select modseq, highest_mod_seq from accounts join mailboxes using (account_id) where account_id = ${account} order by mailbox_id`;
  const before = await state();
  expect(await store.expunge(account, inbox, EVERY)).toBe(null);
  expect(await store.expunge(account, inbox, [])).toBe(null);
  expect(await state()).toEqual(before);
});

test('rule 8: more than 10,000 messages go in several transactions, each with its modseq', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await mailboxWith([8]);
  await sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets,
           case n % 3 when 0 then 0 else 8 end
      from messages, generate_series(2, 40000) as n where account_id = ${account}`;
  await sql`
    update mailboxes as b set (messages, unseen, octets, deleted, deleted_octets, uid_next) =
      (select count(*), count(*), sum(size_octets), count(*) filter (where flags = 8), sum(size_octets) filter (where flags = 8), 40001
         from messages where account_id = ${account}) where account_id = ${account} and mailbox_id = ${inbox}`;
  await sql`update accounts as a set (used_messages, used_octets) = (select messages, octets from mailboxes
             where account_id = ${account} and mailbox_id = ${inbox}) where account_id = ${account}`;
  await store.expunge(account, inbox, EVERY);
  expect(
    await sql`select count(*)::int as messages from tombstones where account_id = ${account} group by mod_seq order by mod_seq`,
  ).toEqual([{ messages: 10_000 }, { messages: 10_000 }, { messages: 6_667 }]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('two who expunge at once remove each message once', async () => {
  const { account, inbox } = await mailboxWith(Array(40).fill(8));
  const other = await storage.openStore();
  const halves = [
    rangesOf(Array.from({ length: 30 }, (_, i) => i + 1)),
    rangesOf(Array.from({ length: 30 }, (_, i) => i + 11)),
  ];
  await Promise.all(halves.map((uids, i) => (i === 0 ? storage : other).store.expunge(account, inbox, uids)));
  expect(await storage.sql`select count(*)::int as n from tombstones where account_id = ${account}`).toEqual([
    { n: 40 },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('an expunged message is still read by its UID, as it was', async () => {
  const { store } = storage;
  const { account, inbox } = await mailboxWith([8, 0]);
  const columns = { octets: true, envelope: true, partIndex: true };
  const [first, second] = await store.fetchMessages(account, inbox, [1, 2], columns);
  const modSeq = await store.expunge(account, inbox, EVERY);
  expect(await store.fetchMessages(account, inbox, [1, 2, 3], columns)).toEqual([{ ...first, modSeq }, second]);
});

test('a deleted mailbox has nothing to expunge', async () => {
  const { store } = storage;
  const { account, inbox } = await mailboxWith([8]);
  await store.mailboxes.delete(account, inbox);
  await expect(store.expunge(account, inbox, EVERY)).rejects.toMatchObject({ kind: 'nonexistent' });
});
