import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { type Released, releaseExpired } from './release-expired.ts';
import { RemovedMail } from './removed-mail.ts';
import {
  append,
  arrivalOf,
  holdAccount,
  messageOf,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import type { UidRanges } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function release(signal = new AbortController().signal): Promise<Released> {
  return releaseExpired(storage.sql, {
    signal,
    onError: (error) => {
      throw error;
    },
  });
}

async function expunge(account: AccountId, mailbox: MailboxId, uids: UidRanges = EVERY): Promise<void> {
  await storage.store.changeFlags(account, mailbox, uids, { mode: 'add', system: 8, keywords: [] }, null);
  await storage.store.expunge(account, mailbox, uids);
}

/** Makes the removals of an account so much older. */
async function age(account: AccountId, ms: number): Promise<void> {
  await storage.sql`
    update tombstones set expunged_at = expunged_at - ${ms}::bigint * interval '1 millisecond' where account_id = ${account}`;
}

async function set(account: AccountId, settings: { days?: number; limit?: number; quota?: number }): Promise<void> {
  const { days = null, limit = null, quota = null } = settings;
  await storage.sql`
    update accounts set retention_days = ${days}, retained_octets_limit = ${limit}, quota_octets = ${quota}
     where account_id = ${account}`;
}

async function held(account: AccountId): Promise<readonly number[]> {
  const rows = await storage.sql<{ uid: number }[]>`
    select uid from tombstones where account_id = ${account} and content_id is not null order by uid`;
  return rows.map(({ uid }) => uid);
}

async function count(table: string, account: AccountId): Promise<number> {
  const [row] = await storage.sql<{ rows: number }[]>`
    select count(*)::int as rows from ${storage.sql(table)} where account_id = ${account}`;
  return row?.rows ?? 0;
}

async function mailboxNamed(account: AccountId, name: string): Promise<MailboxId> {
  const mailbox = await storage.store.mailboxes.find(account, name);
  if (mailbox === null) throw new Error(`no ${name}`);
  return mailbox.id;
}

async function inboxWith(...texts: readonly string[]) {
  const { account, inbox } = await storage.newAccount();
  for (const text of texts) await append(storage.store, account, inbox, text, { arrival: arrivalOf('me@example.com') });
  return { account, inbox };
}

test('a removed message is retained for seven days unless its account says otherwise', async () => {
  const { account, inbox } = await inboxWith('one');
  const other = await inboxWith('two');
  await set(other.account, { days: 30 });
  for (const each of [{ account, inbox }, other]) {
    await expunge(each.account, each.inbox);
    await age(each.account, 7 * DAY - HOUR);
  }
  await release();
  expect(await held(account)).toEqual([1]);
  await age(account, 2 * HOUR);
  await age(other.account, 22 * DAY);
  await release();
  expect(await held(account)).toEqual([]);
  expect(await held(other.account)).toEqual([1]);
  await age(other.account, 2 * DAY);
  await release();
  expect(await held(other.account)).toEqual([]);
});

test('what was released has neither content nor delivery any more; its tombstone stays, and no modseq rises', async () => {
  const { sql, store } = storage;
  const { account, inbox } = await inboxWith('one', 'two');
  await expunge(account, inbox, [{ first: 1, last: 1 }]);
  await age(account, 8 * DAY);
  const state =
    () => sql`select a.modseq, b.highest_mod_seq, t.mod_seq from accounts as a join mailboxes as b using (account_id)
                            join tombstones as t using (account_id, mailbox_id) where a.account_id = ${account}`;
  const before = await state();
  const [size] = await sql<
    { octets: number }[]
  >`select size_octets as octets from tombstones where account_id = ${account}`;
  expect(await release()).toEqual({ accounts: 1, messages: 1, contents: 1, octets: size?.octets, blobs: 0 });
  expect(await state()).toEqual(before);
  expect([await count('contents', account), await count('deliveries', account)]).toEqual([1, 1]);
  expect(await store.fetchMessages(account, inbox, [1, 2], { header: true })).toMatchObject([{ uid: 2 }]);
  expect(await recount(storage.database, account)).toEqual([]);
  expect(await release()).toEqual({ accounts: 0, messages: 0, contents: 0, octets: 0, blobs: 0 });
});

test('rule 11: nothing is released within an hour, whatever the account says', async () => {
  const { account, inbox } = await inboxWith('one', 'two', 'old', 'old and moved');
  const trash = await mailboxNamed(account, 'Trash');
  await set(account, { days: 0, limit: 0 });
  await expunge(account, inbox, [{ first: 3, last: 3 }]);
  await Array.fromAsync(storage.store.move(account, inbox, [{ first: 4, last: 4 }], trash));
  await age(account, HOUR);
  await expunge(account, inbox, [{ first: 1, last: 1 }]);
  await Array.fromAsync(storage.store.move(account, inbox, [{ first: 2, last: 2 }], trash));
  await age(account, HOUR - 60_000);
  await release();
  expect(await held(account)).toEqual([1, 2]);
  expect(await storage.store.fetchMessages(account, inbox, [1, 2], { header: true })).toHaveLength(2);
  await age(account, 120_000);
  await release();
  expect(await held(account)).toEqual([]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a moved message is released after an hour, and its content stays with the message', async () => {
  const { store } = storage;
  const { account, inbox } = await inboxWith('one', 'two');
  const trash = await mailboxNamed(account, 'Trash');
  await Array.fromAsync(store.move(account, inbox, [{ first: 1, last: 1 }], trash));
  await store.mailboxes.rename(account, 'INBOX', 'Old');
  await age(account, 2 * HOUR);
  expect(await release()).toMatchObject({ messages: 2, contents: 0 });
  expect(await store.fetchMessages(account, trash, [1], { octets: true })).toHaveLength(1);
  expect([await count('contents', account), await count('deliveries', account)]).toEqual([2, 2]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('over its cap an account loses the oldest first, and no more than it must', async () => {
  const { sql } = storage;
  const { account, inbox } = await inboxWith('aaaa', 'bbbb', 'cccc', 'dddd');
  const [size] = await sql<
    { octets: number }[]
  >`select size_octets as octets from messages where account_id = ${account} and uid = 1`;
  for (const uid of [3, 1, 2, 4]) {
    await expunge(account, inbox, [{ first: uid, last: uid }]);
    await age(account, 2 * HOUR);
  }
  await set(account, { limit: 2 * (size?.octets ?? 0) });
  await release();
  expect(await held(account)).toEqual([2, 4]);
  await set(account, { limit: 2 * (size?.octets ?? 0) - 1 });
  await release();
  expect(await held(account)).toEqual([4]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('the cap is the quota, but 1 GB at least; without a quota there is none', async () => {
  const { sql } = storage;
  const { account } = await storage.newAccount();
  const cap = async (settings: Parameters<typeof set>[1]) => {
    await set(account, settings);
    const [row] = await sql<{ cap: number | null }[]>`
      select retained_octets_cap(a) as cap from accounts as a where account_id = ${account}`;
    return row?.cap;
  };
  expect(await cap({})).toBe(null);
  expect(await cap({ quota: 5 })).toBe(2 ** 30);
  expect(await cap({ quota: 2 ** 40 })).toBe(2 ** 40);
  expect(await cap({ quota: 2 ** 40, limit: 7 })).toBe(7);
});

test('content that a copy or another arrival has stays; a delivery goes with its own arrival', async () => {
  const { store } = storage;
  const { account, inbox } = await inboxWith('same', 'same');
  const archive = await mailboxNamed(account, 'Archive');
  await store.copy(account, inbox, [{ first: 1, last: 1 }], archive, 'whole');
  const state = async () => [await count('contents', account), await count('deliveries', account)];
  expect(await state()).toEqual([1, 2]);
  await expunge(account, inbox, [{ first: 1, last: 1 }]);
  await age(account, 8 * DAY);
  await release();
  expect(await state()).toEqual([1, 2]); // the copy has both
  await expunge(account, inbox);
  await age(account, 8 * DAY);
  await release();
  expect(await state()).toEqual([1, 1]);
  await store.copy(account, archive, EVERY, archive, 'present');
  await expunge(account, archive, [{ first: 1, last: 1 }]);
  await age(account, 2 * DAY);
  await expunge(account, archive);
  await age(account, 6 * DAY);
  await release();
  expect(await state()).toEqual([1, 1]); // the younger tombstone has both
  await age(account, 2 * DAY);
  await release();
  expect(await state()).toEqual([0, 0]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a blob is listed as removed once nothing needs it, and not before', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, Buffer.concat([Buffer.from('\r\n'), Buffer.alloc(200_000, 'x')]));
  await store.copy(account, inbox, EVERY, inbox, 'present');
  const [blob] = await sql`select account_id, blob_name from contents where account_id = ${account}`;
  await expunge(account, inbox, [{ first: 1, last: 1 }]);
  await age(account, 8 * DAY);
  expect(await release()).toMatchObject({ messages: 1, blobs: 0 });
  expect(await count('removed_blobs', account)).toBe(0);
  await expunge(account, inbox);
  await age(account, 8 * DAY);
  expect(await release()).toMatchObject({ messages: 1, blobs: 1 });
  expect(await sql`select account_id, blob_name from removed_blobs where account_id = ${account}`).toEqual([blob]);
});

test('an account that is removed leaves the names of its blobs', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, Buffer.concat([Buffer.from('\r\n'), Buffer.alloc(200_000, 'y')]));
  await append(store, account, inbox, 'small');
  const blobs = await sql`select blob_name from contents where account_id = ${account} and blob_name is not null`;
  await sql.begin((tx) => removeAccountMail(tx, account));
  expect(blobs).toHaveLength(1);
  expect(await sql`select blob_name from removed_blobs where account_id = ${account}`).toEqual(blobs);
});

test.each(['removed', 'moved'])('an append of content while what was %s is released stores it anew', async (how) => {
  const { store, database, sql } = storage;
  const other = await storage.openStore();
  const { account, inbox } = await inboxWith('again');
  await expunge(account, inbox);
  await age(account, 8 * DAY);
  if (how === 'moved') {
    await sql`update tombstones set was_moved = true where account_id = ${account}`;
    await sql`update accounts set retained_octets = 0 where account_id = ${account}`;
  }
  const message = await messageOf(other.store, inbox, 'again');
  let releasing: Promise<unknown>;
  let appending: Promise<unknown>;
  {
    await using _ = await holdAccount(database, account);
    releasing = release();
    await untilWaiting(database);
    appending = other.store.arrivals.append(account, message);
    await untilWaiting(database, 2);
  }
  await Promise.all([releasing, appending]);
  const [read] = await store.fetchMessages(account, inbox, [2], { octets: true });
  expect(read?.octets?.toString()).toBe('Subject: again\r\n\r\n');
  expect(await recount(database, account)).toEqual([]);
});

test('several processes append, copy and expunge the same contents while others release: none is missing', async () => {
  const { database, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await set(account, { days: 0 });
  const archive = await mailboxNamed(account, 'Archive');
  const texts = Array.from({ length: 6 }, () => randomBytes(8).toString('hex'));
  let isDone = false;
  const processes = await Promise.all([storage.openStore(), storage.openStore()]);
  const writers = processes.map(async ({ store }, n) => {
    for (let round = 0; round < 40; round++) {
      const { uid } = await append(store, account, inbox, texts[(round * (n + 1)) % texts.length] ?? '');
      if (round % 3 === n) await store.copy(account, inbox, [{ first: uid, last: uid }], archive, 'present');
      await expunge(account, inbox, [{ first: uid, last: uid }]);
      await age(account, 2 * HOUR);
    }
  });
  const releaser = (async () => {
    while (!isDone) await release();
  })();
  await Promise.all(writers);
  isDone = true;
  await releaser;
  await age(account, 2 * HOUR);
  await release();
  expect(await held(account)).toEqual([]);
  expect(await recount(database, account)).toEqual([]);
  expect(
    await sql`select count(*)::int as n from contents as c where account_id = ${account} and not exists (
                select from messages as m where m.account_id = c.account_id and m.content_id = c.content_id)`,
  ).toEqual([{ n: 0 }]);
});

test('rule 8: much is released in slices, and can be ended between two', async () => {
  const { sql } = storage;
  const { account, inbox } = await inboxWith('one');
  await expunge(account, inbox);
  await sql`
    insert into tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            size_octets, prefix_octets, flags, keywords, expunged_at)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets,
           prefix_octets, flags, keywords, expunged_at from tombstones, generate_series(2, 5000) as n where account_id = ${account}`;
  await sql`update accounts set retained_octets = retained_octets * 5000 where account_id = ${account}`;
  await age(account, 8 * DAY);
  const ended = new AbortController();
  const reason = new Error('ended');
  const first = releaseExpired(sql, {
    signal: ended.signal,
    onProgress: () => ended.abort(reason),
    onError: (error) => storage.errors.push(error),
  });
  await expect(first).rejects.toBe(reason);
  expect(await held(account)).toHaveLength(3_000);
  expect(await recount(storage.database, account)).toEqual([]);
  expect(await release()).toMatchObject({ accounts: 1, messages: 3_000, contents: 1 });
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a slice ends early where it would hold many octets', async () => {
  const { sql } = storage;
  const { account, inbox } = await inboxWith('one', 'two', 'three');
  await expunge(account, inbox);
  await sql`update tombstones set size_octets = 60 * 1024 * 1024 where account_id = ${account}`;
  await sql`update accounts set retained_octets = 180 * 1024 * 1024 where account_id = ${account}`;
  await age(account, 8 * DAY);
  const steps: number[] = [];
  await releaseExpired(sql, {
    signal: new AbortController().signal,
    onProgress: ({ messages }) => steps.push(messages),
    onError: (error) => storage.errors.push(error),
  });
  expect(steps).toEqual([2, 3]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('an account that fails does not keep the others from their turn', async () => {
  const { sql } = storage;
  const first = await inboxWith('one');
  const second = await inboxWith('two');
  for (const { account, inbox } of [first, second]) {
    await expunge(account, inbox);
    await age(account, 8 * DAY);
  }
  await sql.unsafe(`
    create function refuse_release() returns trigger language plpgsql as $$ begin raise 'this one fails'; end $$;
    create trigger refuse before update on tombstones for each row when (new.account_id = ${first.account})
      execute function refuse_release()`);
  const failed: AccountId[] = [];
  const done = await releaseExpired(sql, {
    signal: new AbortController().signal,
    onError: (_, account) => failed.push(account),
  });
  await sql`drop trigger refuse on tombstones`;
  expect(failed).toEqual([first.account]);
  expect(done).toMatchObject({ accounts: 1, messages: 1 });
  expect(await release()).toMatchObject({ accounts: 1, messages: 1 });
});

test('what is retained counts exactly, also while messages are removed, moved, brought back and purged', async () => {
  const { store, database } = storage;
  const { account, inbox } = await inboxWith('one', 'two', 'three', 'four', 'five');
  const removed = new RemovedMail(database, { onError: (error) => storage.errors.push(error) });
  const steps = [
    () => expunge(account, inbox, [{ first: 1, last: 3 }]),
    async () =>
      Array.fromAsync(store.move(account, inbox, [{ first: 4, last: 4 }], await mailboxNamed(account, 'Trash'))),
    async () => store.mailboxes.delete(account, await mailboxNamed(account, 'Trash')),
    async () => store.mailboxes.rename(account, 'INBOX', 'Old'),
    async () => store.mailboxes.delete(account, await mailboxNamed(account, 'Old')),
    () => Array.fromAsync(removed.restore(account, { mailbox: 'Old', from: null, until: null })),
    () => Array.fromAsync(removed.purge(account, { mailbox: 'Trash', until: null })),
    () => age(account, 8 * DAY),
    () => release(),
  ];
  for (const step of steps) {
    await step();
    expect(await recount(database, account)).toEqual([]);
  }
  await removed.close();
});
