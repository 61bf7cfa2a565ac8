import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Copied, joinCopied } from './copy-messages.ts';
import type { AccountId, MailboxId } from './ids.ts';
import {
  append,
  arrivalOf,
  holdAccount,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import { rangesOf, type UidRanges } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];
const HOURS = 3_600_000;

/** An account with these flags in INBOX, and an empty mailbox beside it. */
async function accountWith(flags: readonly number[]) {
  const { account, inbox } = await storage.newAccount();
  for (const [i, system] of flags.entries()) {
    await append(storage.store, account, inbox, `x${i}`, { flags: { system, keywords: [] }, internalDate: i * HOURS });
  }
  return { account, inbox, archive: await mailboxOf(account, 'Archive') };
}

async function mailboxOf(account: AccountId, name: string): Promise<MailboxId> {
  const mailbox = await storage.store.mailboxes.find(account, name);
  if (mailbox === null) throw new Error(`no mailbox ${name}`);
  return mailbox.id;
}

/** All columns that a copy keeps. */
const kept = (table: 'messages' | 'tombstones', account: AccountId, mailbox: MailboxId) => storage.sql`
  select internal_date, content_id, email_id, thread_id, size_octets, prefix_octets, flags
    from ${storage.sql(table)} where account_id = ${account} and mailbox_id = ${mailbox} order by uid`;

const move = async (...args: Parameters<typeof storage.store.move>): Promise<Copied | null> =>
  joinCopied(await Array.fromAsync(storage.store.move(...args)));

test('a copy keeps flags, internal date and ids, and has a UID, modseq and save date of its own', async () => {
  const { store, sql } = storage;
  const { account, inbox, archive } = await accountWith([8, 1, 0]);
  await append(store, account, inbox, 'arrived', { arrival: arrivalOf('a@example.com', 'Received: here\r\n') });
  await sql`update messages set thread_id = 7, save_date = '2001-01-01' where account_id = ${account}`;
  const copied = await store.copy(account, inbox, rangesOf([1, 3, 4]), archive, 'whole');
  const [row] = await sql<{ modseq: number }[]>`select modseq from accounts where account_id = ${account}`;
  expect(copied).toMatchObject({
    modseq: row?.modseq,
    source: [
      { first: 1, last: 1 },
      { first: 3, last: 4 },
    ],
    target: [{ first: 1, last: 3 }],
  });
  const originals = await kept('messages', account, inbox);
  expect(await kept('messages', account, archive)).toEqual([originals[0], originals[2], originals[3]]);
  expect(
    await sql`select count(*)::int as n from messages where account_id = ${account} and mailbox_id = ${archive}
                      and create_seq = ${row?.modseq ?? 0} and mod_seq = ${row?.modseq ?? 0} and save_date > now() - interval '1 hour'`,
  ).toEqual([{ n: 3 }]);
  const columns = { octets: true, envelope: true };
  const [original] = await store.fetchMessages(account, inbox, [4], columns);
  const [copy] = await store.fetchMessages(account, archive, [3], columns);
  expect(copy).toMatchObject({ octets: original?.octets, prefix: original?.prefix, envelope: original?.envelope });
  expect(copy?.prefix?.toString()).toBe('Received: here\r\n');
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a copy into the same mailbox takes what was there before', async () => {
  const { account, inbox } = await accountWith([1, 8]);
  const copied = await storage.store.copy(account, inbox, EVERY, inbox, 'present');
  expect(copied).toMatchObject({ source: [{ first: 1, last: 2 }], target: [{ first: 3, last: 4 }] });
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a move leaves tombstones that say so, and takes nothing from the quota', async () => {
  const { sql } = storage;
  const { account, inbox, archive } = await accountWith([8, 1, 0]);
  await sql`update accounts set quota_messages = 0, quota_octets = 0 where account_id = ${account}`;
  const before = await kept('messages', account, inbox);
  const moved = await move(account, inbox, rangesOf([1, 2, 9]), archive);
  expect(moved).toMatchObject({ source: [{ first: 1, last: 2 }], target: [{ first: 1, last: 2 }] });
  expect(await kept('messages', account, archive)).toEqual(before.slice(0, 2));
  expect(await kept('tombstones', account, inbox)).toEqual(before.slice(0, 2));
  expect(
    await sql`select uid, was_moved from tombstones where account_id = ${account} and mod_seq = ${moved?.modseq ?? 0} order by uid`,
  ).toEqual([
    { uid: 1, was_moved: true },
    { uid: 2, was_moved: true },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a move within a mailbox gives its messages new UIDs', async () => {
  const { account, inbox } = await accountWith([1, 8, 0]);
  const moved = await move(account, inbox, rangesOf([1, 2]), inbox);
  expect(moved).toMatchObject({ source: [{ first: 1, last: 2 }], target: [{ first: 4, last: 5 }] });
  expect((await messagesInDatabase(storage.database, account, inbox)).map(({ uid, flags }) => [uid, flags])).toEqual([
    [3, 0],
    [4, 1],
    [5, 8],
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('keywords come along by name, whatever their ids', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const archive = await mailboxOf(account, 'Archive');
  await append(store, account, archive, 'there', { flags: { system: 0, keywords: ['three', 'Two'] } });
  for (const keywords of [['one'], ['unused'], ['TWO', 'three', 'four'], []]) {
    await append(store, account, inbox, keywords.join(), { flags: { system: 0, keywords } });
  }
  await store.copy(account, inbox, rangesOf([1, 3, 4]), archive, 'whole');
  const found = await messagesInDatabase(storage.database, account, archive);
  expect(found.map(({ keywords }) => keywords.toSorted())).toEqual([
    ['Two', 'three'],
    ['one'],
    ['Two', 'four', 'three'],
    [],
  ]);
  const watcher = new RecordingWatcher();
  const shared = await store.openMailbox(account, archive, watcher);
  expect(messagesIn(shared)).toEqual(found);
  store.closeMailbox(shared, watcher);
});

test('a mailbox of 1,000 keywords takes messages with those, and none with others', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const archive = await mailboxOf(account, 'Archive');
  const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
  const fill = async (owner: AccountId, mailbox: MailboxId) => {
    for (let from = 0; from < names.length; from += 100)
      await append(store, owner, mailbox, 'full', { flags: { system: 0, keywords: names.slice(from, from + 100) } });
  };
  await fill(account, archive);
  await append(store, account, inbox, 'known', { flags: { system: 0, keywords: names.slice(0, 100).toReversed() } });
  await append(store, account, inbox, 'new', { flags: { system: 0, keywords: ['K0'] } });
  await store.changeFlags(account, inbox, rangesOf([1]), { mode: 'remove', system: 0, keywords: ['k7'] }, null);
  await store.changeFlags(account, inbox, rangesOf([2]), { mode: 'add', system: 0, keywords: ['K999'] }, null);
  await store.copy(account, inbox, EVERY, archive, 'present');
  const counts = (await messagesInDatabase(storage.database, account, archive)).map(({ keywords }) => keywords.length);
  expect(counts.slice(-3)).toEqual([100, 99, 2]);

  const other = await storage.newAccount();
  const target = await mailboxOf(other.account, 'Archive');
  await fill(other.account, target);
  await append(store, other.account, other.inbox, 'new', { flags: { system: 0, keywords: ['more'] } });
  const failure = { kind: 'too-many-keywords' };
  await expect(store.copy(other.account, other.inbox, EVERY, target, 'present')).rejects.toMatchObject(failure);
  await expect(move(other.account, other.inbox, EVERY, target)).rejects.toMatchObject(failure);
  expect(await messagesInDatabase(storage.database, other.account, target)).toHaveLength(10);
  expect(await recount(storage.database, other.account)).toEqual([]);
});

test('a copy that fails changes nothing', async () => {
  const { store, sql } = storage;
  const { account, inbox, archive } = await accountWith([1, 0, 0]);
  const state = () => sql`
    select modseq, next_keyword_id, uid_next, messages, used_messages from accounts join mailboxes using (account_id)
     where account_id = ${account} order by mailbox_id`;
  const before = await state();
  expect(await store.copy(account, inbox, EVERY, archive, 'whole')).toBe(null);
  expect(await store.copy(account, inbox, rangesOf([7]), archive, 'present')).toMatchObject({
    modseq: null,
    source: [],
  });
  expect(await store.copy(account, inbox, [], archive, 'whole')).toMatchObject({ modseq: null, target: [] });
  expect(await move(account, inbox, rangesOf([7, 9]), archive)).toMatchObject({ modseq: null });
  expect(await state()).toEqual(before);

  await sql`update accounts set quota_messages = 5 where account_id = ${account}`;
  await expect(store.copy(account, inbox, EVERY, archive, 'present')).rejects.toMatchObject({ kind: 'over-quota' });
  await sql`update accounts set quota_messages = null, quota_octets = used_octets + 1 where account_id = ${account}`;
  await expect(store.copy(account, inbox, rangesOf([1]), archive, 'whole')).rejects.toMatchObject({
    kind: 'over-quota',
  });
  await sql`update mailboxes set uid_next = 4294967294 where account_id = ${account} and mailbox_id = ${archive}`;
  await expect(move(account, inbox, EVERY, archive)).rejects.toMatchObject({ kind: 'uid-exhausted' });
  expect(await move(account, inbox, rangesOf([1, 2]), archive)).toMatchObject({
    target: [{ first: 4294967294, last: 4294967295 }],
  });
  await store.mailboxes.delete(account, archive);
  await expect(store.copy(account, inbox, EVERY, archive, 'present')).rejects.toMatchObject({ kind: 'nonexistent' });
  await expect(move(account, inbox, EVERY, archive)).rejects.toMatchObject({ kind: 'nonexistent' });
  expect(await recount(storage.database, account)).toEqual([]);
});

test.each([
  ['octets', 'quota_octets', 10 * 17 + 30],
  ['messages', 'quota_messages', 12],
])('hardening 56: 100 copies at once take the quota of %s to its limit and not above', async (_, column, limit) => {
  const { account, inbox, archive } = await accountWith(Array(10).fill(0));
  await storage.sql`update accounts set ${storage.sql(column)} = ${limit} where account_id = ${account}`;
  const [octets] = await storage.sql<
    { used: number }[]
  >`select used_octets as used from accounts where account_id = ${account}`;
  const size = (octets?.used ?? 0) / 10;
  const other = await storage.openStore();
  const stores = [storage.store, other.store];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) =>
      (stores[i % 2] ?? storage.store).copy(account, inbox, rangesOf([1 + (i % 10)]), archive, 'whole'),
    ),
  );
  const fitting = column === 'quota_messages' ? 2 : Math.floor((limit - 10 * size) / size);
  expect(fitting).toBeGreaterThan(0);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(fitting);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'over-quota' });
  }
  expect(await recount(storage.database, account)).toEqual([]);
});

test('two who move the same messages at once move each of them once', async () => {
  const { account, inbox, archive } = await accountWith(Array(40).fill(1));
  const trash = await mailboxOf(account, 'Trash');
  const other = await storage.openStore();
  const sets = [30, 40].map((last) => rangesOf(Array.from({ length: 30 }, (_, i) => last - i).reverse()));
  await Promise.all([
    Array.fromAsync(storage.store.move(account, inbox, sets[0] ?? [], archive)),
    Array.fromAsync(other.store.move(account, inbox, sets[1] ?? [], trash)),
  ]);
  const messages = await storage.sql<
    { email_id: number }[]
  >`select email_id from messages where account_id = ${account}`;
  expect(new Set(messages.map(({ email_id }) => email_id)).size).toBe(40);
  expect(messages).toHaveLength(40);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a copy waits for a writer of another process, and then counts on what that one did', async () => {
  const { store, database } = storage;
  const { account, inbox, archive } = await accountWith([0, 0]);
  const other = await storage.openStore();
  const held = await holdAccount(database, account);
  const moved = Array.fromAsync(other.store.move(account, inbox, rangesOf([1]), archive));
  await untilWaiting(database);
  const copied = store.copy(account, inbox, rangesOf([1, 2]), archive, 'whole');
  await untilWaiting(database, 2);
  await held[Symbol.asyncDispose]();
  await moved;
  expect(await copied).toBe(null);
  expect(await recount(database, account)).toEqual([]);
});

/** So many messages, every third UID missing, that share one content. */
async function fill(account: AccountId, inbox: MailboxId, uids: number): Promise<void> {
  const { sql, store } = storage;
  await append(store, account, inbox, 'x', { flags: { system: 0, keywords: ['one'] } });
  await sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags, keywords)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, 1000 + n, size_octets, 0,
           case n % 2 when 0 then '{}' else keywords end
      from messages, generate_series(2, ${uids}::integer) as n where account_id = ${account} and n % 3 <> 0`;
  await sql`
    update mailboxes as b set (messages, unseen, octets, uid_next) =
      (select count(*), count(*), sum(size_octets), max(uid) + 1 from messages where account_id = ${account})
     where account_id = ${account} and mailbox_id = ${inbox}`;
  await sql`update accounts as a set (used_messages, used_octets) = (select messages, octets from mailboxes
             where account_id = ${account} and mailbox_id = ${inbox}) where account_id = ${account}`;
}

test('rule 8: a copy of 20,000 messages is one transaction, a move of them is several, each with its modseq', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const archive = await mailboxOf(account, 'Archive');
  await fill(account, inbox, 30_000);
  const copied = await store.copy(account, inbox, EVERY, archive, 'present');
  expect(copied?.source).toHaveLength(10_000);
  expect(copied?.target).toEqual([{ first: 1, last: 20_000 }]);
  expect(
    await sql`select count(*)::int as messages from messages where account_id = ${account} and mailbox_id = ${archive} group by mod_seq`,
  ).toEqual([{ messages: 20_000 }]);

  // While it goes on another message comes, so that the new UIDs are not all in a row.
  const parts: Copied[] = [];
  for await (const part of store.move(account, inbox, EVERY, archive)) {
    parts.push(part);
    if (parts.length === 1) await append(store, account, archive, 'between');
  }
  expect(joinCopied(parts)).toMatchObject({
    source: copied?.source,
    target: [
      { first: 20_001, last: 30_000 },
      { first: 30_002, last: 40_001 },
    ],
  });
  expect(
    await sql`select count(*)::int as messages from tombstones where account_id = ${account} and was_moved group by mod_seq order by mod_seq`,
  ).toEqual([{ messages: 10_000 }, { messages: 10_000 }]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a move of many messages within their mailbox ends with those that it was given', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await fill(account, inbox, 15_000);
  const uids = (await messagesInDatabase(storage.database, account, inbox)).map(({ uid }) => uid);
  const moved = await move(account, inbox, rangesOf(uids), inbox);
  expect(moved?.target).toEqual([{ first: 15_000, last: 24_999 }]);
  expect(await recount(storage.database, account)).toEqual([]);
  expect(await store.mailboxes.find(account, 'INBOX')).toMatchObject({ messages: 10_000 });
});
