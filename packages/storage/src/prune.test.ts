import { afterAll, beforeAll, expect, test } from 'vitest';
import { SystemFlag } from './flags.ts';
import type { AccountId, MailboxId } from './ids.ts';
import {
  append,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
} from './storage-for-tests.ts';
import type { Store } from './store.ts';
import { rangesOf } from './uid-ranges.ts';

const NOTHING = { tombstones: 0, changes: 0, keywords: 0, annotations: 0, mailboxes: 0 };
const DAY_MS = 86_400_000;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** All that may go, now. */
const everything = () => ({ tombstonesBefore: new Date(Date.now() + DAY_MS), changesAgeMs: 0 });

/** As retention does with what nobody can bring back any more. */
async function release(account: AccountId): Promise<void> {
  await releaseUpTo(account, Number.MAX_SAFE_INTEGER);
}

function releaseUpTo(account: AccountId, uid: number): Promise<void> {
  return storage.sql.begin(async (tx) => {
    await tx`select from accounts where account_id = ${account} for no key update`;
    await tx`update tombstones set content_id = null where account_id = ${account} and uid <= ${uid}`;
    await tx`
      update accounts set retained_octets = coalesce((
               select sum(size_octets) from tombstones
                where account_id = ${account} and content_id is not null and not was_moved), 0)
       where account_id = ${account}`;
  });
}

async function rows(table: 'tombstones' | 'changes' | 'keywords' | 'mailboxes', account: AccountId): Promise<number> {
  const [row] = await storage.sql<{ rows: number }[]>`
    select count(*)::int as rows from ${storage.sql(table)} where account_id = ${account}`;
  return row?.rows ?? -1;
}

async function expunge(store: Store, account: AccountId, mailbox: MailboxId, uids: readonly number[]): Promise<void> {
  const edit = { mode: 'add', system: SystemFlag.deleted, keywords: [] } as const;
  await store.changeFlags(account, mailbox, rangesOf(uids), edit, null);
  await store.expunge(account, mailbox, rangesOf(uids));
}

async function floors(account: AccountId, mailbox: MailboxId) {
  const [row] = await storage.sql<{ tombstones: number; changes: number; highest: number }[]>`
    select pruned_seq as tombstones, changes_pruned_seq as changes, highest_mod_seq as highest from mailboxes
     where account_id = ${account} and mailbox_id = ${mailbox}`;
  if (row === undefined) throw new Error('no such mailbox');
  return row;
}

test('tombstones whose content was released go when they are old, and pruned_seq tells up to where', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 5; i++) await append(store, account, inbox, `message ${i}`);
  await expunge(store, account, inbox, [1, 2]);
  const { highest } = await floors(account, inbox);
  await expunge(store, account, inbox, [4]);

  const recent = { tombstonesBefore: new Date(Date.now() + DAY_MS), changesAgeMs: DAY_MS };
  expect(await store.prune(account, recent)).toEqual(NOTHING); // their content is retained
  await releaseUpTo(account, 3);
  expect(await store.prune(account, { ...recent, tombstonesBefore: new Date(Date.now() - DAY_MS) })).toEqual(NOTHING);
  expect(await store.prune(account, recent)).toEqual({ ...NOTHING, tombstones: 2 });
  expect(await floors(account, inbox)).toMatchObject({ tombstones: highest, changes: 0 });
  expect(await rows('tombstones', account)).toBe(1);
  expect(await recount(storage.database, account)).toEqual([]);

  await release(account); // the newest of all changes too: HIGHESTMODSEQ stays, though no row bears it any more
  expect(await store.prune(account, recent)).toEqual({ ...NOTHING, tombstones: 1 });
  expect(await recount(storage.database, account)).toEqual([]);
});

test('changes go when the account was marked after them, and long enough ago', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  await append(store, account, inbox, 'two');
  const { highest } = await floors(account, inbox);
  const daily = { tombstonesBefore: new Date(0), changesAgeMs: DAY_MS };
  expect(await store.prune(account, daily)).toEqual(NOTHING); // marks it
  await append(store, account, inbox, 'three');
  expect(await store.prune(account, daily)).toEqual(NOTHING);
  await sql`update accounts set changes_marked_at = now() - interval '25 hours' where account_id = ${account}`;
  expect(await store.prune(account, daily)).toEqual({ ...NOTHING, changes: 2 });
  expect(await floors(account, inbox)).toMatchObject({ tombstones: 0, changes: highest });
  expect(await rows('changes', account)).toBe(1);
  expect(await store.prune(account, daily)).toEqual(NOTHING);
});

test('rule 2: who knows less than what was pruned loads the mailbox anew, and tells what went', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 20; i++) await append(store, account, inbox, `message ${i}`);
  const other = await storage.openStore({ isDeaf: true }); // a process that hears nothing, as if it was paused
  const watcher = new RecordingWatcher();
  const mailbox = await other.store.openMailbox(account, inbox, watcher);
  const before = mailbox.seq;

  await expunge(store, account, inbox, [3, 4, 5, 19]);
  const edit = { mode: 'add', system: SystemFlag.seen, keywords: ['$Forwarded'] } as const;
  await store.changeFlags(account, inbox, rangesOf([7, 20]), edit, null);
  await append(store, account, inbox, 'new');
  await release(account);
  expect(await store.prune(account, everything())).toMatchObject({ tombstones: 4 });
  expect(await rows('changes', account)).toBe(0);

  await mailbox.refresh();
  expect(watcher.removals).toEqual([3, 4, 5, 19]);
  expect(messagesIn(mailbox)).toEqual(
    (await messagesInDatabase(storage.database, account, inbox)).map((message) => ({
      ...message,
      keywords: message.keywords,
    })),
  );
  expect([...mailbox.changedSince(before)]).toEqual([7, 20, 21]);

  await expunge(store, account, inbox, [1]); // from here on as always
  await mailbox.refresh();
  expect(watcher.removals).toEqual([3, 4, 5, 19, 1]);
});

test('only changes pruned: the same', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  const other = await storage.openStore({ isDeaf: true });
  const mailbox = await other.store.openMailbox(account, inbox, new RecordingWatcher());
  await append(store, account, inbox, 'two');
  expect(await store.prune(account, { tombstonesBefore: new Date(0), changesAgeMs: 0 })).toMatchObject({ changes: 2 });
  await mailbox.refresh();
  expect(messagesIn(mailbox).map(({ uid }) => uid)).toEqual([1, 2]);
});

test('many slices are pruned to the last row', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  await sql`
    insert into tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            size_octets, prefix_octets, flags, keywords)
    select ${account}, ${inbox}, 100 + n, 1, n, now(), now(), null, 1, 1, 0, 0, '{}' from generate_series(1, 25000) as n`;
  await sql`
    insert into changes (account_id, mailbox_id, mod_seq, uids)
    select ${account}, ${inbox}, 1000 + n, '{[1,2)}' from generate_series(1, 20000) as n`;
  await sql`update accounts set modseq = 30000 where account_id = ${account}`;
  await sql`update mailboxes set highest_mod_seq = 30000 where account_id = ${account} and mailbox_id = ${inbox}`;
  expect(await store.prune(account, everything())).toEqual({ ...NOTHING, tombstones: 25_000, changes: 20_001 });
  expect(await floors(account, inbox)).toMatchObject({ tombstones: 25_000, changes: 21_000 });
});

test('it stops between two slices when it is told to', async () => {
  const { account } = await storage.newAccount();
  const signal = AbortSignal.abort(new Error('stopping'));
  await expect(storage.store.prune(account, { ...everything(), signal })).rejects.toThrow('stopping');
});

test('keywords that no message bears go from a mailbox that has many, and their ids are not given again', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  await append(store, account, inbox, 'two', { flags: { system: 0, keywords: ['kept'] } });
  const names = Array.from({ length: 600 }, (_, i) => `keyword${i}`);
  const one = rangesOf([1]);
  for (let first = 0; first < names.length; first += 100) {
    const keywords = names.slice(first, first + 100);
    await store.changeFlags(account, inbox, one, { mode: 'replace', system: 0, keywords }, null);
  }
  await store.changeFlags(account, inbox, one, { mode: 'replace', system: 0, keywords: ['keyword7'] }, null);
  expect(await store.prune(account, everything())).toMatchObject({ keywords: 599 });
  const left = await sql`select name from keywords where account_id = ${account} order by name`;
  expect(left).toEqual([{ name: 'kept' }, { name: 'keyword7' }]);

  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  await store.changeFlags(account, inbox, one, { mode: 'replace', system: 0, keywords: ['keyword8'] }, null);
  await mailbox.refresh();
  expect(messagesIn(mailbox).map(({ keywords }) => keywords)).toEqual([['keyword8'], ['kept']]);
  store.closeMailbox(mailbox, watcher);
  const [row] = await sql<{ id: number }[]>`
    select keyword_id as id from keywords where account_id = ${account} and name = 'keyword8'`;
  expect(row?.id).toBeGreaterThan(601);
});

test('a keyword that a message came to bear meanwhile stays', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one', { flags: { system: 0, keywords: ['old'] } });
  const one = rangesOf([1]);
  await store.changeFlags(account, inbox, one, { mode: 'replace', system: 0, keywords: [] }, null);
  const [account_] = await sql<{ modseq: number }[]>`select modseq from accounts where account_id = ${account}`;
  await store.changeFlags(account, inbox, one, { mode: 'add', system: 0, keywords: ['old'] }, null);
  const pruned = await sql`select prune_keywords(${account}, ${inbox}, '{1}', ${account_?.modseq ?? 0}) as pruned`;
  expect(pruned).toEqual([{ pruned: 0 }]);
  await expunge(store, account, inbox, [1]); // its tombstone bears it now
  expect(await sql`select prune_keywords(${account}, ${inbox}, '{1}', ${account_?.modseq ?? 0}) as pruned`).toEqual([
    { pruned: 0 },
  ]);
  await store.prune(account, everything()); // what changed since is not known any more
  expect(await sql`select prune_keywords(${account}, ${inbox}, '{1}', ${account_?.modseq ?? 0}) as pruned`).toEqual([
    { pruned: 0 },
  ]);
});

test('a deleted mailbox goes when nothing of it is left, and its name gets another UIDVALIDITY', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const { uidvalidity } = await store.mailboxes.create(account, 'Lists', null);
  const lists = await store.mailboxes.find(account, 'Lists');
  if (lists === null) throw new Error('no such mailbox');
  await append(store, account, lists.id, 'one', { flags: { system: 0, keywords: ['a'] } });
  await store.mailboxes.delete(account, lists.id);
  expect(await store.prune(account, everything())).toMatchObject({ mailboxes: 0 }); // it has a tombstone
  await release(account);
  expect(await store.prune(account, everything())).toEqual({ ...NOTHING, tombstones: 1, mailboxes: 1 });
  expect(await rows('keywords', account)).toBe(0);
  expect((await store.mailboxes.create(account, 'Lists', null)).uidvalidity).toBeGreaterThan(uidvalidity);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('while two processes write and one prunes all the time, a third that lags sees what the database holds', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const [second, lagging] = [await storage.openStore(), await storage.openStore({ isDeaf: true })];
  await append(store, account, inbox, 'first');
  const watcher = new RecordingWatcher();
  const mailbox = await lagging.store.openMailbox(account, inbox, watcher);
  const removed: number[] = [];
  let isDone = false;
  const write = async (by: Store) => {
    for (let i = 0; i < 40; i++) {
      const { uid } = await append(by, account, inbox, `message ${i}`);
      if (i % 3 !== 0) continue;
      await expunge(by, account, inbox, [uid]);
      removed.push(uid);
    }
  };
  const prune = async () => {
    while (!isDone) {
      await release(account);
      await store.prune(account, everything());
    }
  };
  const watch = async () => {
    while (!isDone) await mailbox.refresh();
  };
  const pruning = prune();
  const watching = watch();
  await Promise.all([write(store), write(second.store)]);
  isDone = true;
  await Promise.all([pruning, watching]);
  await mailbox.refresh();
  expect(messagesIn(mailbox)).toEqual(await messagesInDatabase(storage.database, account, inbox));
  expect(new Set(watcher.removals).size).toBe(watcher.removals.length);
  for (const uid of watcher.removals) expect(removed).toContain(uid);
  expect(await recount(storage.database, account)).toEqual([]);
});
