import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount, removeAccountMail } from './accounts.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';
import {
  append,
  holdAccount,
  messagesInDatabase,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function find(account: AccountId, name: string) {
  const mailbox = await storage.store.mailboxes.find(account, name);
  if (mailbox === null) throw new Error(`no ${name}`);
  return mailbox;
}

test('a new account has INBOX and the special uses, subscribed and empty', async () => {
  const { account } = await storage.newAccount();
  const mailboxes = await storage.store.mailboxes.list(account);
  expect(
    mailboxes.map(({ name, specialUse, isSubscribed, messages }) => [name, specialUse, isSubscribed, messages]),
  ).toEqual([
    ['Archive', '\\Archive', true, 0],
    ['Drafts', '\\Drafts', true, 0],
    ['INBOX', null, true, 0],
    ['Junk', '\\Junk', true, 0],
    ['Sent', '\\Sent', true, 0],
    ['Trash', '\\Trash', true, 0],
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 6: what a mailbox tells of itself is as its messages are', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const system of [0, 1, 8, 9, 4]) await append(store, account, inbox, 'xx', { flags: { system, keywords: [] } });
  expect(await find(account, 'INBOX')).toMatchObject({
    id: inbox,
    uidNext: 6,
    messages: 5,
    unseen: 3,
    deleted: 2,
    octets: 75,
    deletedOctets: 30,
    recent: 5,
    recentUid: 0,
  });
});

test('there is one mailbox of a name, case and all, and names are listed in order of their octets', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const names = ['work', 'Work', 'work/a', 'work é', 'work 日本', 'it\'s "a" \\ mailbox', '__proto__'];
  for (const name of names) await store.mailboxes.create(account, name, null);
  await expect(store.mailboxes.create(account, 'work', null)).rejects.toMatchObject({ kind: 'exists' });
  const listed = (await store.mailboxes.list(account)).map(({ name }) => name);
  expect(listed).toEqual([...listed].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(listed).toEqual(expect.arrayContaining(names));
});

test('of two who create a mailbox at once one does', async () => {
  const { account } = await storage.newAccount();
  const other = await storage.openStore();
  const outcomes = await Promise.allSettled(
    [storage.store, other.store].map((store) => store.mailboxes.create(account, 'new', null)),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('RFC 9208 §5.3: mailboxes above the quota are not made', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await sql`update accounts set quota_mailboxes = 7 where account_id = ${account}`;
  await store.mailboxes.create(account, 'seventh', null);
  await expect(store.mailboxes.create(account, 'eighth', null)).rejects.toMatchObject({ kind: 'over-quota' });
  await store.mailboxes.delete(account, (await find(account, 'seventh')).id);
  await store.mailboxes.create(account, 'eighth', null);
});

test('rule 3: a mailbox made after one of its name was deleted has another UIDVALIDITY and id', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const seen = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const { uidvalidity } = await store.mailboxes.create(account, 'again', null);
    const mailbox = await find(account, 'again');
    expect(mailbox).toMatchObject({ uidvalidity, uidNext: 1 });
    seen.add(uidvalidity).add(mailbox.id);
    await store.mailboxes.delete(account, mailbox.id);
  }
  expect(seen.size).toBe(6);
});

test('hardening 49: an account made after one of its name was removed uses no UIDVALIDITY again', async () => {
  const { sql, store } = storage;
  const make = () => sql.begin((tx) => createAccount(tx, 'comes-again'));
  const uidvalidities = async (account: AccountId) => (await store.mailboxes.list(account)).map((b) => b.uidvalidity);
  const first = await make();
  for (let i = 0; i < 20; i++) await store.mailboxes.create(first, `many ${i}`, null); // more than one a second
  const before = await uidvalidities(first);
  await sql.begin((tx) => removeAccountMail(tx, first));
  const second = await make();
  expect(second).not.toBe(first);
  expect(Math.min(...(await uidvalidities(second)))).toBeGreaterThan(Math.max(...before));
});

test('a deleted mailbox takes its messages and its use of the quota with it', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'doomed', null);
  const doomed = await find(account, 'doomed');
  for (let i = 0; i < 5; i++) await append(store, account, doomed.id, `${i}`);
  await store.mailboxes.delete(account, doomed.id);
  expect(await store.mailboxes.find(account, 'doomed')).toBe(null);
  expect(
    await sql`select used_messages, used_octets, used_mailboxes from accounts where account_id = ${account}`,
  ).toEqual([{ used_messages: 0, used_octets: 0, used_mailboxes: 6 }]);
  expect(await recount(storage.database, account)).toEqual([]);
  await expect(store.mailboxes.delete(account, doomed.id)).rejects.toMatchObject({ kind: 'nonexistent' });
  await expect(append(store, account, doomed.id, 'x')).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('a mailbox is deleted although messages keep coming to it', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'busy', null);
  const busy = await find(account, 'busy');
  const other = await storage.openStore();
  const appends = (async () => {
    for (let i = 0; ; i++) await append(other.store, account, busy.id, `${i}`);
  })();
  await Promise.all([
    expect(appends).rejects.toMatchObject({ kind: 'nonexistent' }),
    store.mailboxes.delete(account, busy.id),
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('what belongs to one account is nowhere in another', async () => {
  const { store } = storage;
  const [mary, peter] = [await storage.newAccount(), await storage.newAccount()];
  await store.mailboxes.create(mary.account, 'hers', null);
  const hers = await find(mary.account, 'hers');
  await append(store, mary.account, hers.id, 'secret');
  const id = hers.id as MailboxId;
  expect(await store.mailboxes.find(peter.account, 'hers')).toBe(null);
  expect(await store.fetchMessages(peter.account, id, [1], { octets: true })).toEqual([]);
  await expect(store.mailboxes.delete(peter.account, id)).rejects.toMatchObject({ kind: 'nonexistent' });
  const watcher = { removed() {}, changed() {}, lost() {} };
  await expect(store.openMailbox(peter.account, id, watcher)).rejects.toMatchObject({ kind: 'nonexistent' });
});

/** Names of mailboxes with what must not change when they are renamed. */
async function mailboxesOf(account: AccountId) {
  const rows = await storage.sql<{ name: string; id: number; uidvalidity: number; special_use: string | null }[]>`
    select name, mailbox_id as id, uidvalidity, special_use from mailboxes
     where account_id = ${account} and expunged_seq is null`;
  return new Map(rows.map(({ name, ...rest }) => [name, rest]));
}

const modseqOf = async (account: AccountId) =>
  (await storage.sql<{ modseq: number }[]>`select modseq from accounts where account_id = ${account}`)[0]?.modseq;

/** Messages made of the first one, up to UID `last`, with every counter as it should be. */
async function fillInbox(account: AccountId, inbox: MailboxId, last: number): Promise<void> {
  const { sql, store } = storage;
  await append(store, account, inbox, 'x', { flags: { system: 8, keywords: [] } });
  await sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags
      from messages, generate_series(2, ${last}::integer) as n where account_id = ${account}`;
  await sql`
    update mailboxes as b set (messages, unseen, octets, deleted, deleted_octets, uid_next) =
      (select count(*), count(*), sum(size_octets), count(*), sum(size_octets), max(uid) + 1
         from messages where account_id = ${account}) where account_id = ${account} and mailbox_id = ${inbox}`;
  await sql`update accounts as a set (used_messages, used_octets) = (select messages, octets from mailboxes
             where account_id = ${account} and mailbox_id = ${inbox}) where account_id = ${account}`;
}

test('CREATE makes missing superiors in one transaction, under one modseq', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const before = await modseqOf(account);
  const { uidvalidity } = await store.mailboxes.create(account, 'a/b/c', '\\Flagged');
  expect(await modseqOf(account)).toBe((before ?? 0) + 1);
  const made = await mailboxesOf(account);
  expect(made.get('a/b/c')).toMatchObject({ uidvalidity, special_use: '\\Flagged' });
  expect(made.get('a/b')?.special_use).toBe(null);
  expect(made.get('a')?.uidvalidity).not.toBe(made.get('a/b')?.uidvalidity);
  await expect(store.mailboxes.create(account, 'd', '\\Flagged')).rejects.toMatchObject({ kind: 'use-taken' });
  expect(await recount(storage.database, account)).toEqual([]);
});

test('RFC 9208 §5.3: a mailbox whose superiors would pass the quota is not made, nor are they', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await sql`update accounts set quota_mailboxes = 8 where account_id = ${account}`;
  await expect(store.mailboxes.create(account, 'a/b/c', null)).rejects.toMatchObject({ kind: 'over-quota' });
  expect((await mailboxesOf(account)).size).toBe(6);
  await store.mailboxes.create(account, 'a/b', null);
  await expect(store.mailboxes.rename(account, 'a/b', 'c/d')).rejects.toMatchObject({ kind: 'over-quota' });
});

test('a mailbox is renamed also in an account that has more of them than it may have by now', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await sql`update accounts set quota_mailboxes = 1 where account_id = ${account}`;
  await store.mailboxes.rename(account, 'Archive', 'Old');
  await expect(store.mailboxes.rename(account, 'Old', 'Old/mail')).rejects.toMatchObject({ kind: 'name-refused' });
  await expect(store.mailboxes.rename(account, 'Old', 'x/Old')).rejects.toMatchObject({ kind: 'over-quota' });
});

test('RENAME takes what is below along, under one modseq, and nothing changes but names', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  for (const name of ['a/b/c', 'a b', 'a0', 'a!', 'ab']) await store.mailboxes.create(account, name, null);
  const [before, modseq] = [await mailboxesOf(account), await modseqOf(account)];
  await store.mailboxes.rename(account, 'a', 'x');
  expect(await modseqOf(account)).toBe((modseq ?? 0) + 1);
  const renamed = (name: string) => (name === 'a' || name.startsWith('a/') ? `x${name.slice(1)}` : name);
  expect(await mailboxesOf(account)).toEqual(new Map([...before].map(([name, rest]) => [renamed(name), rest])));
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 3: who makes a mailbox of a name that another was renamed from gets another UIDVALIDITY', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const { uidvalidity } = await store.mailboxes.create(account, 'a', null);
  await store.mailboxes.rename(account, 'a', 'b');
  expect((await store.mailboxes.create(account, 'a', null)).uidvalidity).toBeGreaterThan(uidvalidity);
  expect((await find(account, 'b')).uidvalidity).toBe(uidvalidity);
});

test('RENAME is refused, and nothing changed, where a new name is taken, below itself, or too long', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  const long = 'y'.repeat(300);
  for (const name of ['a/b', 'c', 'd/b', `e/${long}/${long}`]) await store.mailboxes.create(account, name, null);
  const d = await find(account, 'd');
  await store.mailboxes.delete(account, d.id);
  const before = await mailboxesOf(account);
  for (const [from, to, kind] of [
    ['nothing', 'x', 'nonexistent'],
    ['a', 'c', 'exists'],
    ['a', 'a', 'exists'],
    ['a', 'INBOX', 'exists'],
    ['a', 'd', 'exists'], // d has no mailbox of its own, but d/b is there
    ['d', 'd', 'exists'],
    ['a', 'a/b/c', 'name-refused'],
    ['e', 'z'.repeat(500), 'name-refused'],
    ['a', 'x/'.repeat(99).concat('x'), 'name-refused'],
  ] as const) {
    await expect(store.mailboxes.rename(account, from, to), `${from} to ${to}`).rejects.toMatchObject({ kind });
  }
  expect(await mailboxesOf(account)).toEqual(before);
});

test('a level without a mailbox is renamed like one, upwards too', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  for (const name of ['a/b/b', 'a/b/a']) await store.mailboxes.create(account, name, null);
  await store.mailboxes.delete(account, (await find(account, 'a')).id);
  const names = async () => [...(await mailboxesOf(account)).keys()].filter((name) => /^[a-z]/.test(name)).sort();
  await store.mailboxes.rename(account, 'a/b', 'a'); // the new name of a/b/b is that of a/b before
  expect(await names()).toEqual(['a', 'a/a', 'a/b']);
  await store.mailboxes.delete(account, (await find(account, 'a')).id);
  await store.mailboxes.rename(account, 'a', 'x/y');
  expect(await names()).toEqual(['x', 'x/y/a', 'x/y/b']);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('RFC 9051 §6.3.6: subscriptions to old names stay; the new names have them too', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'a/b/c', null);
  for (const name of ['a', 'a/b/c', 'a/gone']) await store.mailboxes.subscribe(account, name);
  await sql`delete from subscriptions where account_id = ${account} and name !~ '^a'`;
  await store.mailboxes.rename(account, 'a', 'x');
  expect([...(await store.mailboxes.listSubscriptions(account))].sort()).toEqual([
    'a',
    'a/b/c',
    'a/gone',
    'x',
    'x/b/c',
  ]);
});

test('RFC 3501 §6.3.5: RENAME of INBOX moves its messages to a new mailbox', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await store.mailboxes.create(account, 'INBOX/below', null);
  await append(store, account, inbox, 'gone', { flags: { system: 8, keywords: ['only here'] } });
  await store.expunge(account, inbox, [{ first: 1, last: 1 }]);
  const sent = [
    { system: 1, keywords: ['one', 'two'] },
    { system: 8, keywords: [] },
    { system: 0, keywords: ['two'] },
  ];
  for (const flags of sent) await append(store, account, inbox, 'x', { flags });
  const kept = () => sql`
    select internal_date, content_id, email_id, size_octets, prefix_octets, flags from messages
     where account_id = ${account} order by uid`;
  const before = await kept();
  await store.mailboxes.rename(account, 'INBOX', 'INBOX/old/2026');
  const old = await find(account, 'INBOX/old/2026');
  expect(await find(account, 'INBOX')).toMatchObject({ id: inbox, messages: 0, octets: 0, uidNext: 5 });
  expect(old).toMatchObject({ messages: 3, unseen: 2, deleted: 1, uidNext: 4 });
  expect(await kept()).toEqual(before);
  expect(await messagesInDatabase(storage.database, account, old.id)).toMatchObject([
    { uid: 1, flags: 1, keywords: ['one', 'two'] },
    { uid: 2, flags: 8, keywords: [] },
    { uid: 3, flags: 0, keywords: ['two'] },
  ]);
  expect(await sql`select uid, was_moved from tombstones where account_id = ${account} order by uid`).toEqual([
    { uid: 1, was_moved: false },
    ...[2, 3, 4].map((uid) => ({ uid, was_moved: true })),
  ]);
  expect([...(await mailboxesOf(account)).keys()]).toEqual(expect.arrayContaining(['INBOX/below', 'INBOX/old']));
  expect(await recount(storage.database, account)).toEqual([]);
});

test('RENAME of INBOX to a name that is taken moves nothing', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'x');
  await expect(store.mailboxes.rename(account, 'INBOX', 'Sent')).rejects.toMatchObject({ kind: 'exists' });
  await expect(store.mailboxes.rename(account, 'INBOX', 'INBOX')).rejects.toMatchObject({ kind: 'exists' });
  expect(await find(account, 'INBOX')).toMatchObject({ messages: 1 });
});

test('rule 8: RENAME of INBOX and deletion go in several transactions above 10,000 messages', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await fillInbox(account, inbox, 20_001);
  await store.mailboxes.rename(account, 'INBOX', 'Old');
  const old = await find(account, 'Old');
  const perChange = () => sql`
    select count(*)::int as messages from tombstones where account_id = ${account} and mailbox_id = ${inbox}
     group by mod_seq order by mod_seq`;
  expect(await perChange()).toEqual([{ messages: 10_000 }, { messages: 10_000 }, { messages: 1 }]);
  expect(old).toMatchObject({ messages: 20_001, uidNext: 20_002 });
  expect(
    await sql`
      select count(*)::int as wrong from messages as m join tombstones as t using (account_id, uid)
       where m.account_id = ${account} and m.email_id <> t.email_id`,
  ).toEqual([{ wrong: 0 }]);
  await store.mailboxes.delete(account, old.id, 'Old');
  expect(await store.mailboxes.find(account, 'Old')).toBe(null);
  expect(await recount(storage.database, account)).toEqual([]);
}, 60_000);

test('a mailbox that has another name by now is not deleted by its old one', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'a', null);
  const { id } = await find(account, 'a');
  const other = await storage.openStore();
  const refused: unknown[] = [];
  const hold = await holdAccount(storage.database, account);
  const renamed = store.mailboxes.rename(account, 'a', 'b');
  await untilWaiting(storage.database);
  const deleted = other.store.mailboxes.delete(account, id, 'a').catch((error) => refused.push(error));
  await untilWaiting(storage.database, 2);
  await hold[Symbol.asyncDispose]();
  await Promise.all([renamed, deleted]);
  expect(refused).toMatchObject([{ kind: 'nonexistent' }]);
  expect(await find(account, 'b')).toMatchObject({ id });
});

test('RENAME, CREATE, DELETE and APPEND of several processes at once leave no name twice and no message lost', async () => {
  const stores = [storage.store, (await storage.openStore()).store, (await storage.openStore()).store];
  const { account, inbox } = await storage.newAccount();
  const names = ['a', 'a/b', 'b', 'b/b', 'a/b/b', 'INBOX/a'];
  const name = (n: number) => names[n % names.length] ?? 'a';
  let appended = 0;
  let deleted = 0;
  const refused = new Set<string>();
  const steps = [3, 7, 11].map(async (seed, i) => {
    const store = stores[i] ?? storage.store;
    for (let step = 0, n = seed; step < 80; step++, n = (n * 1_103_515_245 + 12_345) % 2_147_483_648) {
      const [first, second] = [name(n >> 8), name(n >> 12)];
      const box = await store.mailboxes.find(account, first);
      const act = async () => {
        switch ((n >> 16) % 5) {
          case 0:
            return await store.mailboxes.create(account, first, null);
          case 1:
            return await store.mailboxes.rename(account, first, second);
          case 2:
            return await store.mailboxes.rename(account, 'INBOX', second);
          case 3:
            await append(store, account, box?.id ?? inbox, `${i} ${step}`);
            return appended++;
          default:
            if (box !== null) await store.mailboxes.delete(account, box.id, first);
            return deleted++;
        }
      };
      await act().catch((error: unknown) => {
        if (!(error instanceof StorageError)) throw error;
        refused.add(error.kind);
      });
    }
  });
  await Promise.all(steps);
  expect(['exists', 'name-refused', 'nonexistent']).toEqual(expect.arrayContaining([...refused].sort()));
  expect(await recount(storage.database, account)).toEqual([]);
  const [kept] = await storage.sql<{ messages: number; gone: number }[]>`
    select (select count(*) from messages where account_id = ${account}) as messages,
           (select count(*) from tombstones where account_id = ${account} and not was_moved) as gone`;
  expect((kept?.messages ?? 0) + (kept?.gone ?? 0)).toBe(appended);
  expect(deleted).toBeGreaterThan(0);
});

test('hardening 33: an account has no more than 100,000 mailboxes, the levels above a new one counted', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  await sql`update accounts set used_mailboxes = 99_998, quota_mailboxes = null where account_id = ${account}`;
  await expect(store.mailboxes.create(account, 'a/b/c', null)).rejects.toMatchObject({ kind: 'too-many-names' });
  await store.mailboxes.create(account, 'a/b', null);
  await expect(store.mailboxes.create(account, 'd', null)).rejects.toMatchObject({ kind: 'too-many-names' });
  await expect(store.mailboxes.rename(account, 'INBOX', 'd')).rejects.toMatchObject({ kind: 'too-many-names' });
  await store.mailboxes.rename(account, 'a/b', 'a/d');
});

test('hardening 33: a name is subscribed once, also of two who do it at once, and never more than there may be', async () => {
  const { store, sql } = storage;
  const { account } = await storage.newAccount();
  const other = await storage.openStore();
  await Promise.all([store, other.store].map((each) => each.mailboxes.subscribe(account, 'not/there')));
  expect(await store.mailboxes.listSubscriptions(account)).toHaveLength(7);
  const modseq = await modseqOf(account);
  await store.mailboxes.subscribe(account, 'not/there');
  expect(await modseqOf(account)).toBe(modseq);
  await store.mailboxes.unsubscribe(account, 'not/there');
  await store.mailboxes.unsubscribe(account, 'not/there');
  expect(await store.mailboxes.listSubscriptions(account)).toHaveLength(6);
  await sql`
    insert into subscriptions (account_id, name, mod_seq)
    select ${account}::bigint, 'n' || n, 1 from generate_series(1, 19994) as n`;
  await expect(store.mailboxes.subscribe(account, 'one more')).rejects.toMatchObject({ kind: 'too-many-names' });
  await store.mailboxes.subscribe(account, 'n1');
});

test('hardening 45: the migration brings names to NFC, and tells twins apart', async () => {
  const { sql, store } = storage;
  const { account } = await storage.newAccount();
  const [composed, apart] = ['Grüße', 'Gru\u0308ße'];
  for (const name of [composed, apart, `${apart}/é`, 'e\u0301']) await store.mailboxes.create(account, name, null);
  for (const name of [composed, apart, 'e\u0301']) await store.mailboxes.subscribe(account, name);
  const migration = readFileSync(new URL('../migrations/0003_mailbox_names.sql', import.meta.url), 'utf8');
  await sql.unsafe(migration.split('--> statement-breakpoint')[0] ?? '');
  const names = [...(await mailboxesOf(account)).keys()];
  expect(names).toEqual(expect.arrayContaining([composed, `${composed} (2)`, `${composed}/é`, 'é']));
  expect(names.every((name) => name === name.normalize('NFC'))).toBe(true);
  expect(await store.mailboxes.listSubscriptions(account)).toEqual(expect.arrayContaining([composed, 'é']));
  expect(await store.mailboxes.listSubscriptions(account)).toHaveLength(8);
});
