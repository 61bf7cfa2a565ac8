import { randomBytes } from 'node:crypto';
import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import { BlobDirectory } from './blob-directory.ts';
import { type AccountId, mailboxId } from './ids.ts';
import { REJECTS_DAYS, REJECTS_MESSAGES, REJECTS_OCTETS } from './rejects.ts';
import { RemovedMail } from './removed-mail.ts';
import {
  append,
  arrivalOf,
  contentOf,
  hold,
  messagesIn,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import type { Store } from './store.ts';
import { verifyAccount } from './verify/verify-account.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const PREFIX = 'X-Postel-Rejected: x\r\n';

/** @returns whether a copy was kept now */
async function reject(store: Store, account: AccountId, text: string | Buffer): Promise<boolean> {
  await using content = await contentOf(store, text);
  const [outcome] = await store.arrivals.keepRejects(content, [
    { account, mailbox: null, arrival: arrivalOf('x', PREFIX) },
  ]);
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  return outcome.value;
}

async function rejectsOf(account: AccountId) {
  const all = await storage.store.mailboxes.list(account);
  return all.find(({ isRejects }) => isRejects) ?? null;
}

/** As its clients see it, and as the directory counts it. */
async function useOf(account: AccountId) {
  const { use } = await storage.store.readQuota(account);
  return { octets: use.octets, messages: use.messages };
}

/** Of all removed messages. */
const ANY = { mailbox: null, from: null, until: null };

const NOTHING = { octets: 0, messages: 0 };

/** Everything agrees, as `postel verify` and the tests count it. */
async function expectWell(account: AccountId): Promise<void> {
  expect(await recount(storage.database, account)).toEqual([]);
  const options = { blobs: null, signal: new AbortController().signal };
  expect(await Array.fromAsync(verifyAccount(storage.database.sql, account, options))).toEqual([]);
}

async function uidsIn(account: AccountId): Promise<readonly number[]> {
  const rows = await storage.sql<{ uid: number }[]>`
    select uid from messages as m join mailboxes as b using (account_id, mailbox_id)
     where m.account_id = ${account} and b.is_rejects order by uid`;
  return rows.map(({ uid }) => uid);
}

/** Lets time go by for all that was kept. */
async function age(account: AccountId, days: number): Promise<void> {
  await storage.sql`update messages set save_date = save_date - make_interval(days => ${days}) where account_id = ${account}`;
  await storage.sql`update rejects set kept_at = kept_at - make_interval(days => ${days}) where account_id = ${account}`;
}

const clean = (store: Store) =>
  store.arrivals.cleanRejects({
    signal: new AbortController().signal,
    onError: (error) => {
      throw error;
    },
  });

describe('a copy', () => {
  test.each([
    ['in the row', 50],
    ['in a blob', 200_000],
  ])('is kept once of each content, %s, in a mailbox that is made for it', async (_, size) => {
    const { store } = storage;
    const { account } = await storage.newAccount();
    const octets = randomBytes(size);
    expect(await rejectsOf(account)).toBeNull();
    expect(await reject(store, account, octets)).toBe(true);
    expect(await reject(store, account, octets)).toBe(false);
    const rejects = await rejectsOf(account);
    expect(rejects).toMatchObject({ name: 'Rejects', specialUse: null, isSubscribed: true, messages: 1, unseen: 1 });
    expect(rejects?.octets).toBe(size + PREFIX.length);
    const [message] = await store.fetchMessages(account, rejects?.id ?? mailboxId(0), [1], { octets: true });
    expect(message?.prefix?.toString()).toBe(PREFIX);
    await expectWell(account);
  });

  test('is one for each account, and the same content may be delivered before and after', async () => {
    const { store } = storage;
    const [mary, peter] = await Promise.all([storage.newAccount(), storage.newAccount()]);
    await append(store, mary.account, mary.inbox, 'the same');
    await using content = await contentOf(store, 'Subject: the same\r\n\r\n');
    const deliveries = [mary, peter].map(({ account }) => ({ account, mailbox: null, arrival: arrivalOf('x') }));
    for (const value of [true, false]) {
      expect(await store.arrivals.keepRejects(content, deliveries)).toEqual([
        { status: 'fulfilled', value },
        { status: 'fulfilled', value },
      ]);
    }
    await append(store, peter.account, peter.inbox, 'the same');
    for (const { account } of [mary, peter]) {
      expect((await rejectsOf(account))?.messages).toBe(1);
      expect((await useOf(account)).messages).toBe(1);
      await expectWell(account);
    }
  });

  test('is one if two processes get the message at the same time', async () => {
    const { account } = await storage.newAccount();
    const other = await storage.openStore();
    const held = await hold(
      storage.database,
      (tx) => tx`select from accounts where account_id = ${account} for update`,
    );
    const both = [storage, other].map(({ store }) => reject(store, account, 'Subject: raced\r\n\r\n'));
    await untilWaiting(storage.database, 2); // both have seen that it was not kept yet
    await held[Symbol.asyncDispose]();
    expect((await Promise.all(both)).toSorted()).toEqual([false, true]);
    expect((await rejectsOf(account))?.messages).toBe(1);
    await expectWell(account);
  });

  test('that was deleted does not come back, until its time is over', async () => {
    const { store } = storage;
    const { account } = await storage.newAccount();
    await reject(store, account, 'Subject: x\r\n\r\n');
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    await store.mailboxes.delete(account, rejects.id);
    expect(await reject(store, account, 'Subject: x\r\n\r\n')).toBe(false);
    await age(account, REJECTS_DAYS - 1);
    await clean(store);
    expect(await reject(store, account, 'Subject: x\r\n\r\n')).toBe(false);
    await age(account, 2);
    await clean(store);
    expect(await reject(store, account, 'Subject: x\r\n\r\n')).toBe(true);
    expect(await rejectsOf(account)).toMatchObject({ name: 'Rejects', messages: 1 });
    await expectWell(account);
  });

  test('is told to those who have the mailbox open, here and in other processes', async () => {
    const { account } = await storage.newAccount();
    await reject(storage.store, account, 'Subject: 1\r\n\r\n');
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    const other = await storage.openStore();
    const opened = await Promise.all(
      [storage, other].map(async ({ store }) => {
        const watcher = new RecordingWatcher();
        return { watcher, mailbox: await store.openMailbox(account, rejects.id, watcher) };
      }),
    );
    await reject(storage.store, account, 'Subject: 2\r\n\r\n');
    for (const { watcher, mailbox } of opened) {
      await watcher.until(() => messagesIn(mailbox).length === 2);
      expect(messagesIn(mailbox).map(({ uid }) => uid)).toEqual([1, 2]);
    }
  });

  test('is kept under another name if the first is taken, and not where no mailbox can be made', async () => {
    const { store, sql } = storage;
    const { account } = await storage.newAccount();
    await store.mailboxes.create(account, 'Rejects', null);
    const { use } = await store.readQuota(account);
    await sql`update accounts set quota_mailboxes = ${use.mailboxes} where account_id = ${account}`;
    await expect(reject(store, account, 'x')).rejects.toMatchObject({ kind: 'over-quota' });
    await sql`update accounts set quota_mailboxes = null where account_id = ${account}`;
    expect(await reject(store, account, 'x')).toBe(true);
    expect(await rejectsOf(account)).toMatchObject({ name: 'Rejects (2)', messages: 1 });
    await expectWell(account);
  });

  test('is not tried for the others if the database is away', async () => {
    const { store } = storage;
    await using content = await contentOf(store, 'x');
    const deliveries = Array.from({ length: 20 }, () => ({
      account: 1 as AccountId,
      mailbox: null,
      arrival: arrivalOf('x'),
    }));
    await using server = await startBreakableServer(storage.target);
    const away = await storage.openStore({ target: server.target, isDeaf: true });
    server.refuse(true);
    const outcomes = await away.store.arrivals.keepRejects(content, deliveries);
    expect(outcomes).toHaveLength(8);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable' } });
  });
});

describe('outside the quota', () => {
  test('rule 6: a full account gets copies, and its use and limits stay as they are', async () => {
    const { store, sql } = storage;
    const { account, inbox } = await storage.newAccount();
    await append(store, account, inbox, 'x');
    const before = await useOf(account);
    await sql`
      update accounts set quota_octets = used_octets, quota_messages = used_messages where account_id = ${account}`;
    expect(await reject(store, account, 'Subject: rejected\r\n\r\n')).toBe(true);
    expect(await useOf(account)).toEqual(before);
    expect((await store.readQuota(account)).limits).toMatchObject(before);
    await expect(append(store, account, inbox, 'y')).rejects.toMatchObject({ kind: 'over-quota' });
    await expectWell(account);
  });

  test('what is expunged there, or deleted with it, frees nothing and is not retained', async () => {
    const { store, sql, database } = storage;
    const { account } = await storage.newAccount();
    for (const text of ['1', '2', '3']) await reject(store, account, `Subject: ${text}\r\n\r\n`);
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    const deleted = { mode: 'add', system: 8, keywords: [] } as const;
    await store.changeFlags(account, rejects.id, [{ first: 1, last: 2 }], deleted, null);
    await store.expunge(account, rejects.id, [{ first: 1, last: 1 }]);
    await expectWell(account);
    await store.mailboxes.delete(account, rejects.id);
    expect(await useOf(account)).toEqual(NOTHING);
    await expectWell(account);
    const [row] = await sql<{ retained: number }[]>`
      select retained_octets as retained from accounts where account_id = ${account}`;
    expect(row?.retained).toBe(0);
    const removed = new RemovedMail(database, { onError: () => {} });
    expect(await removed.count(account, ANY)).toEqual([]);
    await removed.close();
  });

  test('what is moved or copied out counts from then on, and only if there is room', async () => {
    const { store, sql } = storage;
    const { account, inbox } = await storage.newAccount();
    for (const text of ['1', '2']) await reject(store, account, `Subject: ${text}\r\n\r\n`);
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    const one = rejects.octets / 2;
    await sql`update accounts set quota_octets = ${one + 1} where account_id = ${account}`;
    await expect(
      Array.fromAsync(store.move(account, rejects.id, [{ first: 1, last: 2 }], inbox)),
    ).rejects.toMatchObject({
      kind: 'over-quota',
    });
    await Array.fromAsync(store.move(account, rejects.id, [{ first: 1, last: 1 }], inbox));
    expect(await useOf(account)).toEqual({ octets: one, messages: 1 });
    await expect(store.copy(account, rejects.id, [{ first: 2, last: 2 }], inbox, 'whole')).rejects.toMatchObject({
      kind: 'over-quota',
    });
    await sql`update accounts set quota_octets = null where account_id = ${account}`;
    await store.copy(account, rejects.id, [{ first: 2, last: 2 }], inbox, 'whole');
    expect(await useOf(account)).toEqual({ octets: 2 * one, messages: 2 });
    expect((await rejectsOf(account))?.messages).toBe(1);
    await expectWell(account);
  });

  test('what is moved out to another account counts there alone', async () => {
    const { store } = storage;
    const [mary, peter] = await Promise.all([storage.newAccount(), storage.newAccount()]);
    await reject(store, mary.account, 'Subject: x\r\n\r\n');
    const rejects = await rejectsOf(mary.account);
    if (rejects === null) throw new Error('no Rejects');
    const target = { account: peter.account, id: peter.inbox };
    await Array.fromAsync(store.move(mary.account, rejects.id, [{ first: 1, last: 1 }], target));
    expect(await useOf(mary.account)).toEqual(NOTHING);
    expect(await useOf(peter.account)).toEqual({ octets: rejects.octets, messages: 1 });
    for (const { account } of [mary, peter]) await expectWell(account);
  });

  test('nothing is copied or moved into it, and no special use makes it a place for mail', async () => {
    const { store, sql } = storage;
    const { account, inbox } = await storage.newAccount();
    await append(store, account, inbox, 'x');
    await reject(store, account, 'Subject: rejected\r\n\r\n');
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    const first = [{ first: 1, last: 1 }];
    const refused = { kind: 'nonexistent' };
    await expect(store.copy(account, inbox, first, rejects.id, 'whole')).rejects.toMatchObject(refused);
    await expect(store.copy(account, rejects.id, first, rejects.id, 'whole')).rejects.toMatchObject(refused);
    await expect(Array.fromAsync(store.move(account, inbox, first, rejects.id))).rejects.toMatchObject(refused);
    const other = await storage.newAccount();
    await append(store, other.account, other.inbox, 'x');
    const there = { account, id: rejects.id };
    await expect(store.copy(other.account, other.inbox, first, there, 'whole')).rejects.toMatchObject(refused);
    await expect(Array.fromAsync(store.move(other.account, other.inbox, first, there))).rejects.toMatchObject(refused);
    await expect(
      sql`update mailboxes set special_use = '\\Sent' where account_id = ${account} and is_rejects`,
    ).rejects.toMatchObject({ code: '23514' });
    await expectWell(account);
  });

  test('renamed it is a mailbox like others, if there is room, and the next copy makes another', async () => {
    const { store, sql } = storage;
    const { account } = await storage.newAccount();
    await reject(store, account, 'Subject: x\r\n\r\n');
    const octets = (await rejectsOf(account))?.octets ?? 0;
    await sql`update accounts set quota_octets = ${octets - 1} where account_id = ${account}`;
    await expect(store.mailboxes.rename(account, 'Rejects', 'Kept')).rejects.toMatchObject({ kind: 'over-quota' });
    expect(await rejectsOf(account)).toMatchObject({ name: 'Rejects' });
    await sql`update accounts set quota_octets = null where account_id = ${account}`;
    await store.mailboxes.rename(account, 'Rejects', 'Kept');
    expect(await rejectsOf(account)).toBeNull();
    expect(await useOf(account)).toEqual({ octets, messages: 1 });
    await age(account, REJECTS_DAYS + 1);
    await clean(store);
    expect(await store.mailboxes.find(account, 'Kept')).toMatchObject({ messages: 1 });
    expect(await reject(store, account, 'Subject: y\r\n\r\n')).toBe(true);
    expect(await rejectsOf(account)).toMatchObject({ name: 'Rejects', messages: 1 });
    await expectWell(account);
  });

  test('what is brought back of a mailbox whose name Rejects has now goes to INBOX', async () => {
    const { store, database } = storage;
    const { account } = await storage.newAccount();
    const { id } = await store.mailboxes.create(account, 'Rejects', null);
    await append(store, account, id, 'of mine');
    await store.mailboxes.delete(account, id);
    await reject(store, account, 'Subject: rejected\r\n\r\n');
    expect(await rejectsOf(account)).toMatchObject({ name: 'Rejects', messages: 1 });
    const removed = new RemovedMail(database, { onError: () => {} });
    await Array.fromAsync(removed.restore(account, ANY));
    await removed.close();
    expect(await store.mailboxes.find(account, 'INBOX')).toMatchObject({ messages: 1 });
    await expectWell(account);
  });
});

describe('its own cap', () => {
  test('of messages: the oldest goes first', async () => {
    const { store, sql } = storage;
    const { account } = await storage.newAccount();
    await reject(store, account, 'Subject: 1\r\n\r\n');
    // As if there were so many: to make them takes long.
    await sql`
      insert into messages
      select m.account_id, m.mailbox_id, n, m.create_seq, m.mod_seq, m.internal_date, m.save_date, m.content_id, m.email_id, m.thread_id,
             m.size_octets, m.prefix_octets, m.flags, m.keywords
        from messages as m, generate_series(2, ${REJECTS_MESSAGES}::integer) as n where m.account_id = ${account}`;
    await sql`
      update mailboxes set uid_next = ${REJECTS_MESSAGES + 1}, messages = ${REJECTS_MESSAGES}, unseen = ${REJECTS_MESSAGES},
             octets = octets * ${REJECTS_MESSAGES} where account_id = ${account} and is_rejects`;
    await sql`update changes set uids = int8multirange(int8range(1, ${REJECTS_MESSAGES + 1})) where account_id = ${account}`;
    await expectWell(account);
    expect(await reject(store, account, 'Subject: 2\r\n\r\n')).toBe(true);
    const uids = await uidsIn(account);
    expect([uids.length, uids[0], uids.at(-1)]).toEqual([REJECTS_MESSAGES, 2, REJECTS_MESSAGES + 1]);
    await expectWell(account);
  });

  test('of octets: so many of the oldest go as there has to be room for, and what could never fit is not kept', async () => {
    const { store } = storage;
    const { account } = await storage.newAccount();
    const large = (share: number) => Buffer.alloc(Math.floor(REJECTS_OCTETS * share), randomBytes(1_000));
    for (const share of [0.3, 0.3, 0.3]) expect(await reject(store, account, large(share))).toBe(true);
    expect(await reject(store, account, large(0.5))).toBe(true);
    expect(await uidsIn(account)).toEqual([3, 4]);
    await expect(reject(store, account, large(1))).rejects.toMatchObject({ kind: 'too-large' });
    expect(await uidsIn(account)).toEqual([3, 4]);
    expect(await useOf(account)).toEqual(NOTHING);
    await expectWell(account);
  });

  test('of time: cleaning takes what is older, tells of it, and leaves the rest', async () => {
    const { store } = storage;
    const { account } = await storage.newAccount();
    for (const text of ['1', '2']) await reject(store, account, `Subject: ${text}\r\n\r\n`);
    await age(account, REJECTS_DAYS + 1);
    await reject(store, account, 'Subject: 3\r\n\r\n');
    const rejects = await rejectsOf(account);
    if (rejects === null) throw new Error('no Rejects');
    const watcher = new RecordingWatcher();
    await store.openMailbox(account, rejects.id, watcher);
    expect(await clean(store)).toEqual({ messages: 2, forgotten: 2 });
    await watcher.until(() => watcher.removals.length === 2);
    expect(await uidsIn(account)).toEqual([3]);
    expect(await clean(store)).toEqual({ messages: 0, forgotten: 0 });
    await expectWell(account);
  });

  test('of what is remembered: the oldest is forgotten first', async () => {
    const { store, sql } = storage;
    const { account } = await storage.newAccount();
    await sql`
      insert into rejects (account_id, hash, kept_at)
      select ${account}, int4send(n), now() - make_interval(secs => n) from generate_series(1, 10005) as n`;
    expect(await clean(store)).toEqual({ messages: 0, forgotten: 5 });
    const [row] = await sql<{ oldest: number }[]>`
      select max(('x' || encode(hash, 'hex'))::bit(32)::int) as oldest from rejects where account_id = ${account}`;
    expect(row?.oldest).toBe(10_000);
    await sql`delete from rejects where account_id = ${account}`;
  });
});

test('verify counts all mailboxes but this one, and repairs what is in it', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'x');
  for (const text of ['1', '2']) await reject(store, account, `Subject: ${text}\r\n\r\n`);
  const use = await useOf(account);
  await sql`update accounts set used_octets = used_octets + 1, used_messages = 7 where account_id = ${account}`;
  await sql`
    update messages as m set size_octets = size_octets + 1 from mailboxes as b
     where m.account_id = ${account} and b.account_id = m.account_id and b.mailbox_id = m.mailbox_id and b.is_rejects and m.uid = 1`;
  const options = { blobs: new BlobDirectory(storage.blobDirectory), fix: true };
  const found = await Array.fromAsync(verifyAccount(sql, account, options));
  expect(found.length).toBeGreaterThan(1);
  expect(found.filter(({ isRepaired }) => !isRepaired)).toEqual([]);
  expect(await useOf(account)).toEqual(use);
  expect(await uidsIn(account)).toEqual([2, 3]); // a size that was told wrong is told of another UID
  await expectWell(account);
});

test('what an account kept there goes with it', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await reject(store, account, 'x');
  await sql.begin((tx) => removeAccountMail(tx, account));
  expect(await sql`select from rejects where account_id = ${account}`).toHaveLength(0);
});
