import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId, MailboxId } from './ids.ts';
import { RemovedMail, type RemovedSelection } from './removed-mail.ts';
import {
  append,
  arrivalOf,
  messagesIn,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
} from './storage-for-tests.ts';
import type { UidRanges } from './uid-ranges.ts';

let storage: TestStorage;
let removed: RemovedMail;
beforeAll(async () => {
  storage = await startStorage();
  removed = new RemovedMail(storage.database, { onError: (error) => storage.errors.push(error) });
});
afterAll(async () => {
  await removed.close();
  await storage[Symbol.asyncDispose]();
});

const DELETED = 8;
const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];
const ALL: RemovedSelection = { mailbox: null, from: null, until: null };

/** An account whose INBOX has messages of these texts, in order. */
async function inboxWith(...texts: readonly string[]) {
  const { account, inbox } = await storage.newAccount();
  for (const text of texts) await append(storage.store, account, inbox, text);
  return { account, inbox };
}

async function remove(account: AccountId, mailbox: MailboxId, uids: UidRanges = EVERY): Promise<void> {
  await storage.store.changeFlags(account, mailbox, uids, { mode: 'add', system: DELETED, keywords: [] }, null);
  await storage.store.expunge(account, mailbox, uids);
}

async function restore(account: AccountId, selection: Partial<RemovedSelection> = {}) {
  return Array.fromAsync(removed.restore(account, { ...ALL, ...selection }));
}

/** What makes a message what it is, but for its UID, modseqs and save date. */
const lasting = (table: 'messages' | 'tombstones', account: AccountId) => storage.sql`
  select m.internal_date, m.content_id, m.email_id, m.size_octets, m.prefix_octets, m.flags & ~8 as flags,
         array(select k.name from keywords as k where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                                                and k.keyword_id = any (m.keywords) order by lower(k.name)) as keywords
    from ${storage.sql(table)} as m where account_id = ${account} order by uid`;

const mailboxes = (account: AccountId) => storage.store.mailboxes.list(account);

async function subjects(account: AccountId, mailbox: MailboxId): Promise<readonly string[]> {
  const rows = await storage.sql<{ subject: string }[]>`
    select c.subject
      from messages as m join contents as c using (account_id, content_id)
     where m.account_id = ${account} and m.mailbox_id = ${mailbox} order by m.uid`;
  return rows.map(({ subject }) => subject);
}

test('an expunged message comes back as it was, under a new UID, a new modseq and without \\Deleted', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const flags = { system: 1 | 4, keywords: ['$Forwarded', 'work'] };
  const arrival = arrivalOf('me@example.com', 'Received: by us\r\n');
  await append(store, account, inbox, 'one', { flags, internalDate: Date.UTC(2020, 1, 2) });
  await append(store, account, inbox, 'two', { arrival });
  const before = await lasting('messages', account);
  await remove(account, inbox);

  expect(await restore(account)).toMatchObject([{ mailbox: 'INBOX', messages: 2 }]);
  expect(await lasting('messages', account)).toEqual(before);
  const [state] = await sql`
    select array_agg(uid order by uid)::text as uids, bool_and(m.mod_seq = a.modseq and create_seq = a.modseq) as "isNew",
           bool_and(save_date > now() - interval '1 minute') as "isSavedNow"
      from messages as m join accounts as a using (account_id) where account_id = ${account} group by account_id`;
  expect(state).toEqual({ uids: '{3,4}', isNew: true, isSavedNow: true });
  expect(await store.fetchMessages(account, inbox, [4], { header: true })).toMatchObject([
    { prefix: Buffer.from('Received: by us\r\n'), header: Buffer.from('Subject: two\r\n\r\n') },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
  await store.expunge(account, inbox, EVERY);
  expect(await subjects(account, inbox)).toEqual(['one', 'two']);
});

test('what was brought back is not brought back twice, and its old UID stays expunged', async () => {
  const { account, inbox } = await inboxWith('one');
  await remove(account, inbox);
  await restore(account);
  expect(await restore(account)).toEqual([]);
  expect(await removed.count(account, ALL)).toEqual([]);
  expect(await storage.sql`select uid, was_moved from tombstones where account_id = ${account}`).toEqual([
    { uid: 1, was_moved: true },
  ]);
});

test('rule 9: those who watch the mailbox in another process hear of what comes back', async () => {
  const { account, inbox } = await inboxWith('one', 'two');
  await remove(account, inbox, [{ first: 1, last: 1 }]);
  const other = await storage.openStore();
  const watcher = new RecordingWatcher();
  const mailbox = await other.store.openMailbox(account, inbox, watcher);
  await restore(account);
  await watcher.until(() => mailbox.table.length === 2);
  expect(messagesIn(mailbox).map(({ uid, flags }) => ({ uid, flags }))).toEqual([
    { uid: 2, flags: 0 },
    { uid: 3, flags: 0 },
  ]);
  other.store.closeMailbox(mailbox, watcher);
});

test('moved messages are neither listed nor brought back, whether by MOVE or by RENAME of INBOX', async () => {
  const { store } = storage;
  const { account, inbox } = await inboxWith('moved', 'poured', 'expunged');
  const archive = await store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('no Archive');
  await Array.fromAsync(store.move(account, inbox, [{ first: 1, last: 1 }], archive.id));
  await remove(account, inbox, [{ first: 3, last: 3 }]);
  await store.mailboxes.rename(account, 'INBOX', 'Old');
  expect(await removed.count(account, ALL)).toMatchObject([{ name: 'INBOX', isDeleted: false, messages: 1 }]);
  expect(await restore(account)).toMatchObject([{ mailbox: 'INBOX', messages: 1 }]);
  expect(await subjects(account, inbox)).toEqual(['expunged']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a deleted mailbox is made anew: new UIDVALIDITY, superiors, special use and subscription', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await store.mailboxes.create(account, 'Work/Plans/2026', '\\Important');
  await store.mailboxes.subscribe(account, 'Work/Plans/2026');
  const before = await store.mailboxes.find(account, 'Work/Plans/2026');
  if (before === null) throw new Error('no mailbox');
  await append(store, account, before.id, 'plan', { flags: { system: 0, keywords: ['Draft2'] } });
  const was = await lasting('messages', account);
  for (const name of ['Work/Plans/2026', 'Work/Plans', 'Work']) {
    const mailbox = await store.mailboxes.find(account, name);
    if (mailbox !== null) await store.mailboxes.delete(account, mailbox.id);
  }
  await store.mailboxes.unsubscribe(account, 'Work/Plans/2026');

  expect(await removed.count(account, ALL)).toMatchObject([{ name: 'Work/Plans/2026', isDeleted: true, messages: 1 }]);
  expect(await restore(account)).toMatchObject([{ mailbox: 'Work/Plans/2026', messages: 1 }]);
  const after = await store.mailboxes.find(account, 'Work/Plans/2026');
  expect(after).toMatchObject({ specialUse: '\\Important', isSubscribed: true, messages: 1 });
  expect(after?.uidvalidity).toBeGreaterThan(before.uidvalidity);
  expect((await mailboxes(account)).map(({ name }) => name)).toEqual(expect.arrayContaining(['Work', 'Work/Plans']));
  expect(await lasting('messages', account)).toEqual(was);
  expect(await subjects(account, inbox)).toEqual([]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('messages of a deleted mailbox go to the one that has its name now; a special use taken meanwhile stays where it is', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const trash = await store.mailboxes.find(account, 'Trash');
  const sent = await store.mailboxes.find(account, 'Sent');
  if (trash === null || sent === null) throw new Error('no Trash or Sent');
  await append(store, account, trash.id, 'thrown away', { flags: { system: 0, keywords: ['first', 'second'] } });
  await append(store, account, sent.id, 'sent');
  await store.mailboxes.delete(account, trash.id);
  await store.mailboxes.delete(account, sent.id);
  await store.mailboxes.create(account, 'Trash', null);
  await store.mailboxes.create(account, 'Dispatched', '\\Sent');
  const now = await store.mailboxes.find(account, 'Trash');
  if (now === null) throw new Error('no Trash');
  await append(store, account, now.id, 'other', { flags: { system: 0, keywords: ['second'] } });

  await restore(account);
  expect(await subjects(account, now.id)).toEqual(['other', 'thrown away']);
  const flags = await storage.sql`
    select array(select k.name from keywords as k where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                                                   and k.keyword_id = any (m.keywords) order by k.name) as keywords
      from messages as m where account_id = ${account} and mailbox_id = ${now.id} order by uid`;
  expect(flags).toEqual([{ keywords: '{second}' }, { keywords: '{first,second}' }]);
  const uses = (await mailboxes(account)).filter(({ name }) => name === 'Sent' || name === 'Dispatched');
  expect(uses.map(({ name, specialUse, messages }) => ({ name, specialUse, messages }))).toEqual([
    { name: 'Dispatched', specialUse: '\\Sent', messages: 0 },
    { name: 'Sent', specialUse: null, messages: 1 },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('messages of a renamed mailbox come back under its new name', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'Before', null);
  const mailbox = await store.mailboxes.find(account, 'Before');
  if (mailbox === null) throw new Error('no mailbox');
  await append(store, account, mailbox.id, 'kept');
  await remove(account, mailbox.id);
  await store.mailboxes.rename(account, 'Before', 'After');
  expect(await restore(account, { mailbox: 'After' })).toMatchObject([{ mailbox: 'After', messages: 1 }]);
});

test('a mailbox and two moments say which', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await inboxWith('early', 'middle', 'late');
  const drafts = await store.mailboxes.find(account, 'Drafts');
  if (drafts === null) throw new Error('no Drafts');
  await append(store, account, drafts.id, 'elsewhere');
  await remove(account, inbox);
  await remove(account, drafts.id);
  const day = (uid: number) => Date.UTC(2026, 0, uid);
  for (const uid of [1, 2, 3]) {
    await sql`update tombstones set expunged_at = ${new Date(day(uid))} where account_id = ${account} and uid = ${uid}`;
  }
  const among = async (selection: Partial<RemovedSelection>) =>
    (await Array.fromAsync(removed.list(account, { ...ALL, ...selection }))).map(
      ({ mailbox, removedAt }) => `${mailbox} ${removedAt.getUTCDate()}`,
    );
  expect(await among({})).toEqual(['INBOX 3', 'INBOX 2', 'Drafts 1', 'INBOX 1']);
  expect(await among({ mailbox: 'INBOX', from: day(2) })).toEqual(['INBOX 3', 'INBOX 2']);
  expect(await among({ from: day(2), until: day(2) })).toEqual(['INBOX 2']);
  expect(await among({ mailbox: 'Nowhere' })).toEqual([]);
  await restore(account, { mailbox: 'INBOX', from: day(2), until: day(2) });
  expect(await subjects(account, inbox)).toEqual(['middle']);
  expect(await subjects(account, drafts.id)).toEqual([]);
});

test('a list longer than one statement gives has every message once', async () => {
  const { account, inbox } = await inboxWith('model');
  await multiply(account, inbox, 1_200);
  await remove(account, inbox);
  const listed = await Array.fromAsync(removed.list(account, ALL));
  expect(listed).toHaveLength(1_200);
  expect(listed[0]).toMatchObject({ subject: 'model', from: '' });
  expect(new Set(listed.map((message) => JSON.stringify(message))).size).toBe(1_200);
});

test('what does not fit under the quota stays removed, and what fits comes back', async () => {
  const { sql, store } = storage;
  const { account, inbox } = await inboxWith('aaaa', 'bbbb', 'cccc');
  const [size] = await sql<
    { octets: number }[]
  >`select size_octets as octets from messages where account_id = ${account} and uid = 1`;
  if (size === undefined) throw new Error('no message');
  await remove(account, inbox);
  await append(store, account, inbox, 'dddd');
  await sql`update accounts set quota_octets = ${size.octets * 3} where account_id = ${account}`;

  const done: unknown[] = [];
  const restoring = (async () => {
    for await (const part of removed.restore(account, ALL)) done.push(part);
  })();
  await expect(restoring).rejects.toMatchObject({ kind: 'over-quota' });
  expect(done).toEqual([{ mailbox: 'INBOX', messages: 2, octets: size.octets * 2 }]);
  expect(await subjects(account, inbox)).toEqual(['dddd', 'aaaa', 'bbbb']);
  expect(await removed.count(account, ALL)).toMatchObject([{ messages: 1, octets: size.octets }]);
  await expect(restore(account)).rejects.toMatchObject({ kind: 'over-quota' });

  await sql`update accounts set quota_octets = null, quota_messages = 4 where account_id = ${account}`;
  await restore(account);
  expect(await subjects(account, inbox)).toEqual(['dddd', 'aaaa', 'bbbb', 'cccc']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a deleted mailbox is not made anew where the account can have no more, or nothing fits', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  const drafts = await store.mailboxes.find(account, 'Drafts');
  if (drafts === null) throw new Error('no Drafts');
  await append(store, account, drafts.id, 'a draft');
  await store.mailboxes.delete(account, drafts.id);
  for (const limit of ['quota_mailboxes', 'quota_octets']) {
    await sql`update accounts set ${sql(limit)} = 1 where account_id = ${account}`;
    await expect(restore(account)).rejects.toMatchObject({ kind: 'over-quota' });
    await sql`update accounts set ${sql(limit)} = null where account_id = ${account}`;
  }
  expect(await store.mailboxes.find(account, 'Drafts')).toBe(null);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 8: more than 10,000 messages come back in several transactions', async () => {
  const { sql } = storage;
  const { account, inbox } = await inboxWith('model');
  await multiply(account, inbox, 12_000);
  await remove(account, inbox);
  expect(await restore(account)).toMatchObject([{ messages: 10_000 }, { messages: 2_000 }]);
  expect(
    await sql`select count(*)::int as n, count(distinct mod_seq)::int as transactions, min(uid)::int as first
                     from messages where account_id = ${account}`,
  ).toEqual([{ n: 12_000, transactions: 2, first: 12_001 }]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('two who bring back at once bring each message back once', async () => {
  const { account, inbox } = await inboxWith('one', 'two', 'three');
  await remove(account, inbox);
  const { database } = await storage.openStore();
  const other = new RemovedMail(database, { onError: (error) => storage.errors.push(error) });
  await Promise.all([restore(account), Array.fromAsync(other.restore(account, ALL))]);
  await other.close();
  expect(await subjects(account, inbox)).toEqual(['one', 'two', 'three']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a purge takes away content at once, by mailbox and moment, and also where a message was moved from', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await inboxWith('moved', 'old', 'new');
  const trash = await store.mailboxes.find(account, 'Trash');
  if (trash === null) throw new Error('no Trash');
  await Array.fromAsync(store.move(account, inbox, [{ first: 1, last: 1 }], trash.id));
  await remove(account, trash.id);
  await remove(account, inbox);
  await sql`update tombstones set expunged_at = now() - interval '2 days' where account_id = ${account} and uid = 2`;
  const purge = (selection: Omit<RemovedSelection, 'from'>) => Array.fromAsync(removed.purge(account, selection));

  expect(await purge({ mailbox: 'INBOX', until: Date.now() - 86_400_000 })).toMatchObject([
    { mailbox: 'INBOX', messages: 1, contents: 1 },
  ]);
  expect(await purge({ mailbox: 'Trash', until: null })).toMatchObject([
    { mailbox: 'Trash', messages: 1, contents: 1 },
  ]);
  expect(await removed.count(account, ALL)).toMatchObject([{ name: 'INBOX', messages: 1 }]);
  expect(await purge({ mailbox: null, until: null })).toMatchObject([{ mailbox: 'INBOX', messages: 1, contents: 1 }]);
  expect(await sql`select from contents where account_id = ${account}`).toHaveLength(0);
  expect(await sql`select from tombstones where account_id = ${account}`).toHaveLength(4);
  expect(await store.fetchMessages(account, inbox, [1, 2, 3], { envelope: true })).toEqual([]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('a purge forgets how a message came, also where another with the same content held that', async () => {
  const { account, inbox } = await storage.newAccount();
  const arrived = { arrival: arrivalOf('mary@example.com', 'Received: from here\r\n') };
  for (const _ of [1, 2]) await append(storage.store, account, inbox, 'twice', arrived);
  const archive = (await mailboxes(account)).find(({ name }) => name === 'Archive')?.id ?? inbox;
  await Array.fromAsync(storage.store.move(account, inbox, [{ first: 2, last: 2 }], archive));
  for (const mailbox of [archive, inbox]) {
    await remove(account, mailbox);
    await Array.fromAsync(removed.purge(account, { mailbox: null, until: null }));
  }
  expect(await storage.sql`select from deliveries where account_id = ${account}`).toEqual([]);
});

test('a purge leaves content that a message still has', async () => {
  const { store } = storage;
  const { account, inbox } = await inboxWith('kept');
  await store.copy(account, inbox, EVERY, inbox, 'present');
  await remove(account, inbox, [{ first: 1, last: 1 }]);
  const purged = await Array.fromAsync(removed.purge(account, { mailbox: null, until: null }));
  expect(purged).toMatchObject([{ messages: 1, contents: 0 }]);
  expect(await subjects(account, inbox)).toEqual(['kept']);
  expect(await recount(storage.database, account)).toEqual([]);
});

/** Makes `count` messages of the one that the mailbox has. */
async function multiply(account: AccountId, mailbox: MailboxId, count: number): Promise<void> {
  const { sql } = storage;
  await sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date + n * interval '1 minute', save_date, content_id, email_id,
           size_octets, flags
      from messages, generate_series(2, ${count}::integer) as n where account_id = ${account} and mailbox_id = ${mailbox}`;
  await sql`
    update mailboxes as b set (messages, unseen, octets, uid_next) = (
        select count(*), count(*), sum(size_octets), max(uid) + 1 from messages
         where account_id = ${account} and mailbox_id = ${mailbox})
     where account_id = ${account} and mailbox_id = ${mailbox}`;
  await sql`
    update accounts as a set (used_messages, used_octets) = (
        select count(*), sum(size_octets) from messages where account_id = ${account}) where account_id = ${account}`;
}
