import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlagEdit } from './flags.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { recoverAccount } from './recover-account.ts';
import type { SharedMailbox } from './shared-mailbox.ts';
import {
  append,
  contentOf,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import type { Store } from './store.ts';
import { rangesOf } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function openInbox(count = 0) {
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < count; i++) await append(storage.store, account, inbox, `${i % 3}`);
  const watcher = new RecordingWatcher();
  const mailbox = await storage.store.openMailbox(account, inbox, watcher);
  return { account, inbox, watcher, mailbox };
}

async function expectSameAsDatabase(mailbox: SharedMailbox): Promise<void> {
  expect(messagesIn(mailbox)).toEqual(await messagesInDatabase(storage.database, mailbox.account, mailbox.id));
}

const flag = (account: AccountId, inbox: MailboxId, uids: readonly number[], ...keywords: string[]) =>
  storage.store.changeFlags(account, inbox, rangesOf(uids), { mode: 'add', system: 4, keywords }, null);

async function expunge(account: AccountId, inbox: MailboxId, uids: readonly number[]): Promise<ModSeq | null> {
  await storage.store.changeFlags(account, inbox, rangesOf(uids), { mode: 'add', system: 8, keywords: [] }, null);
  return storage.store.expunge(account, inbox, rangesOf(uids));
}

/** Forgets what changed and went, as the job does that prunes. */
async function prune(account: AccountId, inbox: MailboxId): Promise<void> {
  await storage.sql.begin(async (tx) => {
    await tx`select from accounts where account_id = ${account} for update`;
    await tx`delete from changes where account_id = ${account} and mailbox_id = ${inbox}`;
    await tx`delete from tombstones where account_id = ${account} and mailbox_id = ${inbox}`;
    await tx`update mailboxes set pruned_seq = highest_mod_seq where account_id = ${account} and mailbox_id = ${inbox}`;
  });
}

test('rule 11: it holds what the database holds', async () => {
  const { account, inbox, mailbox } = await openInbox(5);
  await flag(account, inbox, [2, 4], 'one', 'two');
  await expunge(account, inbox, [3]);
  await append(storage.store, account, inbox, 'x', { flags: { system: 1, keywords: ['two', 'three'] } });
  await mailbox.refresh();
  await expectSameAsDatabase(mailbox);
  const [row] = await storage.sql`
    select a.modseq as seq, uidvalidity, uid_next as "uidNext", highest_mod_seq as "highestModSeq"
      from accounts as a join mailboxes using (account_id) where account_id = ${account} and mailbox_id = ${inbox}`;
  expect(mailbox).toMatchObject({ ...row, lost: null });
  expect(mailbox.keywordsInUse().map((id) => mailbox.keyword(id))).toEqual(['one', 'two', 'three']);
});

test('rule 11: a mailbox larger than one slice is loaded whole', async () => {
  const { account, inbox } = await storage.newAccount();
  await append(storage.store, account, inbox, 'x', { flags: { system: 0, keywords: ['k'] } });
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags, keywords)
    select account_id, mailbox_id, 3 * n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, n % 32,
           case n % 7 when 0 then keywords else '{}' end
      from messages, generate_series(2, 100001) as n where account_id = ${account}`;
  await storage.sql`update mailboxes set uid_next = 400000 where account_id = ${account} and mailbox_id = ${inbox}`;
  const mailbox = await storage.store.openMailbox(account, inbox, new RecordingWatcher());
  expect(mailbox.table.length).toBe(100_001);
  await expectSameAsDatabase(mailbox);
});

test('rule 11: a process that lags by more changes than one slice catches up whole, whatever comes meanwhile', async () => {
  const { account, inbox } = await storage.newAccount();
  await append(storage.store, account, inbox, 'x');
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, 2 * n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, 0
      from messages, generate_series(2, 45000) as n where account_id = ${account}`;
  await storage.sql`
    update mailboxes set uid_next = 90001, messages = 45000, octets = 15 * 45000::bigint, unseen = 45000
     where account_id = ${account} and mailbox_id = ${inbox}`;
  await storage.sql`update accounts set used_messages = 45000, used_octets = 15 * 45000::bigint where account_id = ${account}`;
  const { store } = await storage.openStore({ isDeaf: true });
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  const before = mailbox.seq;
  await storage.store.changeFlags(
    account,
    inbox,
    [{ first: 1, last: 90_000 }],
    { mode: 'add', system: 4, keywords: ['k'] },
    null,
  );
  let isCaughtUp = false;
  await Promise.all([
    mailbox.refresh().finally(() => {
      isCaughtUp = true;
    }),
    (async () => {
      for (let uid = 89_990; !isCaughtUp; uid -= 4_000) {
        await append(storage.store, account, inbox, 'x');
        await flag(account, inbox, [uid], 'late');
        await expunge(account, inbox, [uid - 2]);
      }
    })(),
  ]);
  expect(mailbox.seq).toBeGreaterThan(before);
  await mailbox.refresh();
  await expectSameAsDatabase(mailbox);
  expect(mailbox.changedSince(before)).toEqual(mailbox.table.uids());
  expect(watcher.removals).toHaveLength(new Set(watcher.removals).size);
});

test('rule 11: messages with many keywords are loaded in slices of fewer', async () => {
  const { account, inbox } = await storage.newAccount();
  const keywords = Array.from({ length: 100 }, (_, i) => `k${i}`);
  await append(storage.store, account, inbox, 'x', { flags: { system: 0, keywords } });
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags, keywords)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, 0, keywords
      from messages, generate_series(2, 12000) as n where account_id = ${account}`;
  await storage.sql`update mailboxes set uid_next = 12001 where account_id = ${account} and mailbox_id = ${inbox}`;
  const mailbox = await storage.store.openMailbox(account, inbox, new RecordingWatcher());
  expect([...mailbox.table.uids()]).toEqual(Array.from({ length: 12_000 }, (_, i) => i + 1));
  expect(mailbox.table.keywordsOf(mailbox.table.keywordSet(11_999))).toHaveLength(100);
});

test('rule 9: watchers hear of what another process changed', async () => {
  const { account, inbox, mailbox, watcher } = await openInbox(3);
  const other = await storage.openStore();
  await append(other.store, account, inbox, 'x');
  await watcher.until(() => mailbox.table.length === 4);
  await other.store.changeFlags(account, inbox, rangesOf([1, 3]), { mode: 'add', system: 8, keywords: ['k'] }, null);
  await watcher.until(() => mailbox.table.flags(2) === 8);
  await other.store.expunge(account, inbox, rangesOf([1, 2, 3]));
  await watcher.until(() => mailbox.table.length === 2);
  expect(watcher.removals).toEqual([1, 3]);
  await expectSameAsDatabase(mailbox);
});

test('rule 9: what this process changed its watchers hear without a word to others', async () => {
  const { store } = await storage.openStore({ isDeaf: true }); // no LISTEN and no polling
  const { account, inbox } = await storage.newAccount();
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  await append(store, account, inbox, 'x');
  await watcher.until(() => mailbox.table.length === 1);
});

test('rule 9: what this process adds and moves away is known at once, without asking for it', async () => {
  const { store } = await storage.openStore({ isDeaf: true });
  const { account, inbox } = await storage.newAccount();
  const archive = await store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('no Archive');
  const mailbox = await store.openMailbox(account, inbox, new RecordingWatcher());
  await store.openMailbox(account, archive.id, new RecordingWatcher());

  const content = await contentOf(store, 'x');
  const message = { mailbox: inbox, content, flags: { system: 1, keywords: [] }, internalDate: 0, arrival: null };
  // They share a transaction but for the first.
  const done = await Promise.all([
    store.arrivals.append(account, message),
    store.arrivals.append(account, message),
    store.arrivals.append(account, { ...message, mailbox: archive.id }),
    store.arrivals.append(account, { ...message, flags: { system: 9, keywords: [] } }),
  ]);
  expect(mailbox).toMatchObject({ seq: done[3].modseq, highestModSeq: done[3].modseq, uidNext: 4 });
  await expectSameAsDatabase(mailbox);

  await store.arrivals.append(account, { ...message, mailbox: 'INBOX' });
  const [, last] = await store.arrivals.appendAll(account, [message, message]);
  expect(mailbox).toMatchObject({ seq: last?.modseq, uidNext: 7 });
  const copied = await store.copy(account, inbox, rangesOf([1, 2]), archive.id, 'whole');
  expect(mailbox).toMatchObject({ seq: copied?.modseq, highestModSeq: last?.modseq });
  const [moved] = await Array.fromAsync(store.move(account, inbox, rangesOf([1, 3]), archive.id));
  expect(mailbox).toMatchObject({ seq: moved?.modseq, highestModSeq: moved?.modseq, uidNext: 7 });
  expect([...mailbox.changedSince(0)]).toEqual([2, 4, 5, 6]);
  await expectSameAsDatabase(mailbox);
});

test('what this process adds with keywords, or moves to where it was, is asked for', async () => {
  const { account, inbox, mailbox, watcher } = await openInbox(3);
  await append(storage.store, account, inbox, 'x', { flags: { system: 0, keywords: ['new'] } });
  await watcher.until(() => mailbox.table.length === 4);
  await expectSameAsDatabase(mailbox);
  await Array.fromAsync(storage.store.move(account, inbox, rangesOf([1, 4]), inbox));
  await watcher.until(() => mailbox.uidNext === 7);
  expect(watcher.removals).toEqual([1, 4]);
  await expectSameAsDatabase(mailbox);
});

test('a change in another mailbox of the account tells nobody anything', async () => {
  const { account, mailbox, watcher } = await openInbox(1);
  const archive = await storage.store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('no Archive');
  const { modseq } = await append(storage.store, account, archive.id, 'x');
  await mailbox.refresh();
  expect(mailbox.seq).toBe(modseq);
  expect(mailbox.highestModSeq).toBeLessThan(modseq);
  expect(watcher).toMatchObject({ changes: 0, removals: [] });
});

test('a message that came and went between two looks was never there', async () => {
  const { store } = await storage.openStore({ isDeaf: true });
  const { account, inbox } = await storage.newAccount();
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  await append(storage.store, account, inbox, 'x');
  await expunge(account, inbox, [1]);
  await mailbox.refresh();
  expect(watcher).toMatchObject({ changes: 0, removals: [] });
  expect(mailbox).toMatchObject({ uidNext: 2 });
});

test.each(['asks all', 'asks first whether anything is'])(
  'each who asks for what is new sees all that was committed before: one who %s',
  async (how) => {
    const { account, inbox, mailbox } = await openInbox();
    const other = await storage.openStore({ isDeaf: true });
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { uid } = await append(other.store, account, inbox, 'x');
        await (how === 'asks all' ? mailbox.refresh() : storage.store.refreshMailbox(mailbox));
        expect(mailbox.table.position(uid)).toBeGreaterThanOrEqual(0);
      }),
    );
    await expectSameAsDatabase(mailbox);
  },
);

test('changes since any modseq are told, by the log of changes and, for those long ago, by the messages', async () => {
  const { account, inbox, mailbox } = await openInbox(10);
  const seen: { seq: number; modSeqs: Map<number, number> }[] = [];
  for (let i = 0; i < 100; i++) {
    await mailbox.refresh();
    seen.push({ seq: mailbox.seq, modSeqs: new Map(messagesIn(mailbox).map(({ uid, modSeq }) => [uid, modSeq])) });
    if (i % 10 === 5) await expunge(account, inbox, [i / 5 + 1, i]);
    else if (i % 3 === 0) await append(storage.store, account, inbox, 'x');
    else await flag(account, inbox, [(i % 20) + 1, (i % 7) + 1], `k${i}`);
  }
  await mailbox.refresh();
  for (const { seq, modSeqs } of seen) {
    const changed = messagesIn(mailbox).filter(({ uid, modSeq }) => modSeqs.get(uid) !== modSeq);
    expect([...mailbox.changedSince(seq)]).toEqual(changed.map(({ uid }) => uid));
  }
  expect([...mailbox.changedSince(mailbox.seq)]).toEqual([]);
});

test('rule 2: a process that missed what was pruned reloads, and tells what went', async () => {
  const { store } = await storage.openStore({ isDeaf: true });
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 6; i++) await append(storage.store, account, inbox, 'x');
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  const before = mailbox.seq;
  await flag(account, inbox, [1, 6], 'k');
  await expunge(account, inbox, [2, 5]);
  await append(storage.store, account, inbox, 'x');
  await prune(account, inbox);
  await flag(account, inbox, [3]);
  await mailbox.refresh();
  expect(watcher.removals).toEqual([2, 5]);
  expect(watcher.presentAt).toBe(before);
  expect(watcher.changes).toBeGreaterThan(0);
  expect([...mailbox.changedSince(before)]).toEqual([1, 3, 6, 7]);
  await expectSameAsDatabase(mailbox);
});

test('of removals that come with other changes it is known when all of them were still there', async () => {
  const { store } = await storage.openStore({ isDeaf: true });
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 6; i++) await append(storage.store, account, inbox, 'x');
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  await flag(account, inbox, [1]);
  await expunge(account, inbox, [2]);
  const [first] = await storage.sql<
    { at: number }[]
  >`select max(mod_seq) as at from tombstones where account_id = ${account}`;
  await flag(account, inbox, [3]);
  await expunge(account, inbox, [4]);
  await flag(account, inbox, [5]);
  await mailbox.refresh();
  expect(watcher.removals).toEqual([2, 4]);
  expect(watcher.presentAt).toBe((first?.at ?? 0) - 1);
});

test('rule 2: a process that knew all that was pruned does not reload', async () => {
  const { account, inbox, mailbox, watcher } = await openInbox(2);
  await expunge(account, inbox, [1]);
  await mailbox.refresh();
  const { changes } = watcher;
  await prune(account, inbox);
  await mailbox.refresh();
  expect(watcher.changes).toBe(changes);
  await flag(account, inbox, [2]);
  await mailbox.refresh();
  await expectSameAsDatabase(mailbox);
});

test('a mailbox that was deleted is lost to its watchers, in this process and in others', async () => {
  const { account, inbox, mailbox, watcher } = await openInbox(2);
  const other = await storage.openStore();
  const elsewhere = new RecordingWatcher();
  await other.store.openMailbox(account, inbox, elsewhere);
  await storage.store.mailboxes.delete(account, inbox);
  await Promise.all([watcher, elsewhere].map((each) => each.until(() => each.reason !== null)));
  expect([watcher.reason, elsewhere.reason, mailbox.lost]).toEqual(['deleted', 'deleted', 'deleted']);
  await expect(storage.store.openMailbox(account, inbox, watcher)).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('an account that was removed is lost too', async () => {
  const { account, watcher } = await openInbox(1);
  await storage.sql`delete from mailboxes where account_id = ${account}`;
  await storage.sql`delete from accounts where account_id = ${account}`;
  await watcher.until(() => watcher.reason === 'deleted');
});

test('rule 3: a database that went back in time loses its mailboxes and takes no change until it is recovered', async () => {
  const { account, inbox, mailbox, watcher } = await openInbox(3);
  const { uidvalidity } = mailbox;
  await storage.sql.begin(async (tx) => {
    await tx`delete from messages where account_id = ${account} and uid = 3`;
    await tx`delete from changes where account_id = ${account} and uids @> 3::bigint`;
    await tx`update mailboxes set highest_mod_seq = highest_mod_seq - 1, uid_next = 3 where account_id = ${account} and mailbox_id = ${inbox}`;
    await tx`update accounts set modseq = modseq - 1 where account_id = ${account}`;
  });
  await watcher.until(() => watcher.reason === 'rewound');
  const anew = new RecordingWatcher();
  const refusal = { kind: 'unavailable', message: expect.stringContaining('postel recover') };
  await expect(storage.store.openMailbox(account, inbox, anew)).rejects.toMatchObject(refusal);
  await expect(append(storage.store, account, inbox, 'x')).rejects.toMatchObject(refusal);
  await expect(storage.store.mailboxes.create(account, 'New', null)).rejects.toMatchObject(refusal);
  await recoverAccount(storage.sql, account);
  const reopened = await storage.store.openMailbox(account, inbox, anew);
  expect(reopened.table.length).toBe(2);
  expect(reopened.uidvalidity).toBeGreaterThan(uidvalidity);
  storage.store.closeMailbox(mailbox, watcher);
  await append(storage.store, account, inbox, 'x');
  await anew.until(() => reopened.table.length === 3);
  expect(reopened.lost).toBe(null);
});

test('rule 12: each message is recent to one session, among those of two processes', async () => {
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore();
  const mailboxes = await Promise.all(
    [storage.store, storage.store, other.store, other.store].map((store) =>
      store.openMailbox(account, inbox, new RecordingWatcher()),
    ),
  );
  const claimed: number[] = [];
  for (let round = 0; round < 10; round++) {
    await append(storage.store, account, inbox, 'x');
    await append(other.store, account, inbox, 'y');
    await Promise.all(
      mailboxes.map(async (mailbox) => {
        await mailbox.refresh();
        const upTo = mailbox.uidNext - 1;
        const above = await mailbox.claimRecent();
        for (let uid = above + 1; uid <= upTo; uid++) claimed.push(uid);
      }),
    );
  }
  expect(claimed.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test('rule 12: a claim is no change, and looking claims nothing', async () => {
  const { account, inbox, mailbox } = await openInbox(3);
  const state = () =>
    storage.sql`select modseq, highest_mod_seq from accounts join mailboxes using (account_id) where account_id = ${account} order by mailbox_id`;
  const before = await state();
  expect(await storage.store.mailboxes.find(account, 'INBOX')).toMatchObject({ recent: 3, recentUid: 0 });
  expect(await mailbox.claimRecent()).toBe(0);
  expect(await mailbox.claimRecent()).toBe(3);
  expect(await storage.store.mailboxes.find(account, 'INBOX')).toMatchObject({ recent: 0, recentUid: 3 });
  expect(await state()).toEqual(before);
  expect(inbox).toBe(mailbox.id);
});

test('rule 12: one of those who hear of the same arrival claims it, and the others do not wait for that', async () => {
  const { account, mailbox } = await openInbox(2);
  const claim = await storage.sql.begin(async (tx) => {
    await tx`select from mailboxes where account_id = ${account} and mailbox_id = ${mailbox.id} for update`;
    const first = mailbox.claimRecent();
    expect(await mailbox.claimRecent()).toBe(2);
    return { first };
  });
  expect(await claim.first).toBe(0);
});

test('rule 12: what a claim was to have that failed is for the next one, though that was made meanwhile', async () => {
  const { account, mailbox } = await openInbox(1);
  const claims = await storage.sql.begin(async (tx) => {
    await tx`select from mailboxes where account_id = ${account} and mailbox_id = ${mailbox.id} for update`;
    const first = mailbox.claimRecent().catch(() => 'failed');
    await untilWaiting(storage.database);
    mailbox.takeIn(mailbox.seq + 1, { type: 'arrived', messages: [{ uid: 2, flags: 0 }] });
    const second = mailbox.claimRecent();
    await storage.sql`
      select pg_cancel_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%claim_recent%'
       order by query_start limit 1`;
    expect(await first).toBe('failed');
    return { second };
  });
  expect(await claims.second).toBe(0);
});

test('rule 12: a claim does not wait for the account', async () => {
  const { account, mailbox } = await openInbox(1);
  const claimed = storage.sql.begin(async (tx) => {
    await tx`select from accounts where account_id = ${account} for update`;
    return mailbox.claimRecent();
  });
  expect(await claimed).toBe(0);
});

describe('a change of this process', () => {
  const edit = (mode: FlagEdit['mode'], system: number, ...keywords: string[]): FlagEdit => ({
    mode,
    system,
    keywords,
  });

  test('is taken in with its commit, in every mode, and moves other mailboxes of the account on', async () => {
    const { account, inbox, mailbox, watcher } = await openInbox(6);
    const { id } = await storage.store.mailboxes.create(account, 'other', null);
    const other = await storage.store.openMailbox(account, id, new RecordingWatcher());
    await mailbox.refresh();
    await flag(account, inbox, [1, 2, 3], 'a', 'B', 'c');
    await mailbox.refresh(); // the keywords are new
    const edits = [
      edit('add', 1, 'b', 'A'),
      edit('remove', 5, 'C', 'unheard-of'),
      edit('replace', 16, 'a'),
      edit('add', 0, 'A'),
      edit('replace', 2),
      edit('remove', 2),
    ];
    for (const each of edits) {
      const uids = rangesOf([2, 3, 5, 6]);
      const { modseq } = await storage.store.changeFlags(account, inbox, uids, each, null);
      if (modseq === null) continue;
      expect([mailbox.seq, mailbox.highestModSeq, other.seq]).toEqual([modseq, modseq, modseq]);
      await expectSameAsDatabase(mailbox);
    }
    expect(other.highestModSeq).toBeLessThan(mailbox.highestModSeq);
    const before = mailbox.seq;
    await storage.store.changeFlags(account, inbox, rangesOf([2, 5]), edit('add', 8), null);
    expect(mailbox.changedSince(before)).toEqual(Uint32Array.of(2, 5));
    const gone = await storage.store.expunge(account, inbox, rangesOf([1, 2, 3, 4, 5, 6]));
    expect([mailbox.seq, other.seq]).toEqual([gone, gone]);
    expect(watcher.removals).toEqual([2, 5]);
    await expectSameAsDatabase(mailbox);
    await mailbox.refresh();
    await expectSameAsDatabase(mailbox);
  });

  test('waits for the database if another process made one before it', async () => {
    const { account, inbox, mailbox } = await openInbox(3);
    const deaf = await storage.openStore({ isDeaf: true });
    const own = await deaf.store.openMailbox(account, inbox, new RecordingWatcher());
    await flag(account, inbox, [1]);
    const before = own.seq;
    const { modseq } = await deaf.store.changeFlags(account, inbox, rangesOf([2]), edit('add', 8), null);
    expect(own.seq).toBe(before);
    await own.refreshTo(modseq ?? 0);
    await expectSameAsDatabase(own);
    await mailbox.refresh();
    await expectSameAsDatabase(mailbox);
  });

  test('brings no keyword back by the id that it had before it was pruned', async () => {
    const { account, inbox, mailbox } = await openInbox(2);
    await flag(account, inbox, [1], 'k');
    await mailbox.refresh();
    await storage.store.changeFlags(account, inbox, rangesOf([1]), edit('remove', 0, 'k'), null);
    await storage.sql`delete from keywords where account_id = ${account}`;
    await flag(account, inbox, [2], 'K');
    await mailbox.refresh();
    await expectSameAsDatabase(mailbox);
    expect(mailbox.keywordsInUse().map((id) => mailbox.keyword(id))).toEqual(['K']);
    await flag(account, inbox, [1], 'k');
    await expectSameAsDatabase(mailbox);
  });

  test('and many at once, of two processes, end in what the database holds', async () => {
    const { account, inbox, mailbox, watcher } = await openInbox(20);
    const other = await storage.openStore();
    const same = await other.store.openMailbox(account, inbox, new RecordingWatcher());
    const work = async (store: Store, step: number) => {
      for (let n = 0; n < 30; n++) {
        const uids = rangesOf([1 + ((n * step) % 20)]);
        await store.changeFlags(
          account,
          inbox,
          uids,
          edit(n % 3 === 0 ? 'remove' : 'add', 1 << (n % 5), `k${n % 4}`),
          null,
        );
        if (n % 10 === 9) await store.expunge(account, inbox, uids);
        if (n % 7 === 0) await append(store, account, inbox, 'x');
      }
    };
    const { store } = storage;
    await Promise.all([work(store, 3), work(store, 7), work(other.store, 11), work(other.store, 13)]);
    for (const each of [mailbox, same]) {
      await each.refresh();
      await expectSameAsDatabase(each);
    }
    expect(watcher.removals).toHaveLength(new Set(watcher.removals).size);
  });
});
