import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ANNOTATION_OCTETS,
  ANNOTATION_OCTETS_AN_ACCOUNT,
  ANNOTATIONS_A_MAILBOX,
  ANNOTATIONS_AN_ACCOUNT,
} from './annotations.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { append, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { verifyAccount } from './verify/verify-account.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

type Values = Readonly<Record<string, string | null>>;

const octets = (values: Values) =>
  new Map(Object.entries(values).map(([entry, value]) => [entry, value === null ? null : Buffer.from(value)]));

/** Sets entries, of the server if there is no mailbox. */
function set(
  account: AccountId,
  mailbox: MailboxId | null,
  given: { owner?: AccountId; private?: Values; shared?: Values; specialUse?: string },
) {
  const { owner = account, specialUse = null } = given;
  const edit = { private: octets(given.private ?? {}), shared: octets(given.shared ?? {}), specialUse };
  return storage.store.annotations.set(account, { owner, mailbox }, edit);
}

async function read(
  account: AccountId,
  mailbox: MailboxId | null,
  entries: readonly string[],
  { owner = account, depth = 0 as 0 | 1 | 'infinity', maxOctets = null as number | null } = {},
) {
  const mailboxes = mailbox === null ? null : [mailbox];
  const found = await storage.store.annotations.read(account, owner, mailboxes, { entries, depth, maxOctets });
  return (found.get(mailbox) ?? []).map(({ entry, value }) => [entry, value?.toString() ?? null]);
}

async function changes(account: AccountId, since: number) {
  const { changes } = await storage.store.annotations.changed(account, since);
  return changes.map(({ mailbox, entry }) => [mailbox?.name ?? null, entry]);
}

async function find(account: AccountId, name: string) {
  const mailbox = await storage.store.mailboxes.find(account, name);
  if (mailbox === null) throw new Error(`no ${name}`);
  return mailbox;
}

async function verified(account: AccountId) {
  expect(await recount(storage.database, account)).toEqual([]);
  expect(await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: null }))).toEqual([]);
}

test('entries of a mailbox and of the server are set, replaced and removed, each by itself', async () => {
  const { account, inbox } = await storage.newAccount();
  await set(account, inbox, { private: { '/private/comment': 'mine' }, shared: { '/shared/comment': 'ours' } });
  await set(account, null, { private: { '/private/vendor/x/y': 'a\0b' } });
  const all = ['/private/comment', '/shared/comment', '/private/vendor/x/y'];
  expect(await read(account, inbox, all)).toEqual([
    ['/private/comment', 'mine'],
    ['/shared/comment', 'ours'],
  ]);
  expect(await read(account, null, all)).toEqual([['/private/vendor/x/y', 'a\0b']]);
  await set(account, inbox, { private: { '/private/comment': null }, shared: { '/shared/comment': '' } });
  expect(await read(account, inbox, all)).toEqual([['/shared/comment', '']]);
  await verified(account);
});

test('RFC 7162 §3.2: a change of metadata raises HIGHESTMODSEQ of its mailbox, and nothing changes without one', async () => {
  const { account, inbox } = await storage.newAccount();
  const before = await find(account, 'INBOX');
  const modseq = await set(account, inbox, { shared: { '/shared/comment': 'ours' } });
  expect(modseq).toBeGreaterThan(before.highestModSeq);
  expect(await find(account, 'INBOX')).toMatchObject({ highestModSeq: modseq, accountModSeq: modseq });
  expect(await set(account, inbox, { shared: { '/shared/comment': 'ours', '/shared/none': null } })).toBeNull();
  expect(await find(account, 'INBOX')).toMatchObject({ highestModSeq: modseq, accountModSeq: modseq });
  expect(await set(account, null, { private: { '/private/comment': 'mine' } })).toBeGreaterThan(modseq ?? 0);
  expect(await find(account, 'INBOX')).toMatchObject({ highestModSeq: modseq });
  await verified(account);
});

test('entries below a name are found by depth, and long values only by their length', async () => {
  const { account, inbox } = await storage.newAccount();
  const names = ['/private/a', '/private/a/b', '/private/a/b/c', '/private/ab', '/private/a%/b'];
  await set(account, inbox, { private: Object.fromEntries(names.map((name) => [name, name])) });
  const found = async (depth: 0 | 1 | 'infinity', ...entries: string[]) =>
    (await read(account, inbox, entries, { depth })).map(([entry]) => entry);
  expect(await found(0, '/private/a')).toEqual(['/private/a']);
  expect(await found(1, '/private/a')).toEqual(['/private/a', '/private/a/b']);
  expect(await found('infinity', '/private/a')).toEqual(['/private/a', '/private/a/b', '/private/a/b/c']);
  expect(await found(1, '/private')).toEqual(['/private/a', '/private/ab']);
  expect(await found(1, '/private/a', '/private/a/b')).toEqual(['/private/a', '/private/a/b', '/private/a/b/c']);
  expect(await read(account, inbox, ['/private/a'], { depth: 1, maxOctets: 10 })).toEqual([
    ['/private/a', '/private/a'],
    ['/private/a/b', null],
  ]);
});

test('rule 13: what is private belongs to the reader, what is shared to the owner of the mailbox', async () => {
  const owner = await storage.newAccount();
  const reader = await storage.newAccount();
  const of = { owner: owner.account };
  const before = await find(owner.account, 'INBOX');
  await set(owner.account, owner.inbox, { private: { '/private/comment': 'of the owner' } });
  await set(reader.account, owner.inbox, {
    ...of,
    private: { '/private/comment': 'of the reader' },
    shared: { '/shared/comment': 'ours' },
  });
  const asked = ['/private/comment', '/shared/comment'];
  expect(await read(owner.account, owner.inbox, asked)).toEqual([
    ['/private/comment', 'of the owner'],
    ['/shared/comment', 'ours'],
  ]);
  expect(await read(reader.account, owner.inbox, asked, of)).toEqual([
    ['/private/comment', 'of the reader'],
    ['/shared/comment', 'ours'],
  ]);
  expect(await read(reader.account, reader.inbox, asked)).toEqual([]);
  // The owner's mailbox does not tell that the reader keeps something for itself.
  const { highestModSeq } = await find(owner.account, 'INBOX');
  expect(highestModSeq).toBeGreaterThan(before.highestModSeq);
  await set(reader.account, owner.inbox, { ...of, private: { '/private/comment': 'again' } });
  expect(await find(owner.account, 'INBOX')).toMatchObject({ highestModSeq });
  for (const { account } of [owner, reader]) await verified(account);
});

test('rule 13: two who set what both keep about each other at once do not wait for each other', async () => {
  const one = await storage.newAccount();
  const two = await storage.newAccount();
  const other = await storage.openStore();
  const edit = {
    private: octets({ '/private/comment': 'x' }),
    shared: octets({ '/shared/comment': 'y' }),
    specialUse: null,
  };
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => {
      const [reader, owner] = i % 2 === 0 ? [one, two] : [two, one];
      const { store } = i % 4 < 2 ? storage : other;
      const value = Buffer.from(String(i));
      const numbered = {
        ...edit,
        private: new Map([['/private/comment', value]]),
        shared: new Map([['/shared/comment', value]]),
      };
      return store.annotations.set(reader.account, { owner: owner.account, mailbox: owner.inbox }, numbered);
    }),
  );
  for (const { account } of [one, two]) await verified(account);
});

test('metadata of a mailbox goes with it, and stays with it by another name', async () => {
  const { store } = storage;
  const { account } = await storage.newAccount();
  await store.mailboxes.create(account, 'box', null);
  const { id } = await find(account, 'box');
  await set(account, id, { shared: { '/shared/comment': 'ours' }, private: { '/private/comment': 'mine' } });
  await store.mailboxes.rename(account, 'box', 'elsewhere/box');
  expect((await find(account, 'elsewhere/box')).id).toBe(id);
  expect(await read(account, id, ['/shared/comment'])).toEqual([['/shared/comment', 'ours']]);
  await store.mailboxes.delete(account, id);
  expect(await storage.sql`select from annotations where account_id = ${account}`).toHaveLength(0);
  await store.mailboxes.create(account, 'elsewhere/box', null);
  const again = await find(account, 'elsewhere/box');
  expect(await read(account, again.id, ['/shared/comment', '/private/comment'])).toEqual([]);
  await expect(set(account, id, { shared: { '/shared/comment': 'late' } })).rejects.toMatchObject({
    kind: 'nonexistent',
  });
  expect(await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: null }))).toEqual([]);
});

test('RFC 5464 §4.1: RENAME of INBOX gives its metadata to both', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  await set(account, inbox, { shared: { '/shared/comment': 'ours' } });
  await store.mailboxes.rename(account, 'INBOX', 'before');
  const { id } = await find(account, 'before');
  for (const mailbox of [inbox, id]) {
    expect(await read(account, mailbox, ['/shared/comment'])).toEqual([['/shared/comment', 'ours']]);
  }
  await verified(account);
});

test('RFC 6154 §4: a special use is set and taken away, and is one mailbox’s at a time', async () => {
  const { account, inbox } = await storage.newAccount();
  const sent = await find(account, 'Sent');
  await expect(set(account, inbox, { specialUse: '\\Sent', shared: { '/shared/a': 'b' } })).rejects.toMatchObject({
    kind: 'use-taken',
  });
  expect(await read(account, inbox, ['/shared/a'])).toEqual([]);
  expect(await set(account, sent.id, { specialUse: '\\Sent' })).toBeNull();
  const since = sent.accountModSeq;
  await set(account, sent.id, { specialUse: '' });
  await set(account, inbox, { specialUse: '\\Sent' });
  expect((await find(account, 'INBOX')).specialUse).toBe('\\Sent');
  expect((await find(account, 'Sent')).specialUse).toBeNull();
  expect(await changes(account, since)).toEqual([
    ['INBOX', '/private/specialuse'],
    ['Sent', '/private/specialuse'],
  ]);
  await verified(account);
});

test('what was set and removed since a modseq is known, each entry once', async () => {
  const { account, inbox } = await storage.newAccount();
  const { accountModSeq: start } = await find(account, 'INBOX');
  await set(account, inbox, { private: { '/private/a': '1', '/private/b': '1' } });
  await set(account, null, { private: { '/private/c': '1' } });
  const { upTo } = await storage.store.annotations.changed(account, start);
  await set(account, inbox, { private: { '/private/a': null } });
  expect(await changes(account, start)).toEqual([
    [null, '/private/c'],
    ['INBOX', '/private/a'],
    ['INBOX', '/private/b'],
  ]);
  expect(await changes(account, upTo)).toEqual([['INBOX', '/private/a']]);
  const now = await storage.store.annotations.changed(account, Number.MAX_SAFE_INTEGER);
  expect(now).toEqual({ upTo: upTo + 1, changes: [] });
});

test('limits: entries of a mailbox, octets of an account; what does not fit changes nothing', async () => {
  const { account, inbox } = await storage.newAccount();
  const entries = Object.fromEntries(Array.from({ length: ANNOTATIONS_A_MAILBOX }, (_, i) => [`/private/${i}`, 'x']));
  await set(account, inbox, { private: entries });
  const tooMany = { kind: 'too-many-annotations' };
  await expect(set(account, inbox, { private: { '/private/0': 'y', '/private/more': 'x' } })).rejects.toMatchObject(
    tooMany,
  );
  expect(await read(account, inbox, ['/private/0', '/private/more'])).toEqual([['/private/0', 'x']]);
  await set(account, inbox, { private: { '/private/0': null, '/private/more': 'x' } });

  const value = 'x'.repeat(ANNOTATION_OCTETS);
  const fitting = Math.floor((ANNOTATION_OCTETS_AN_ACCOUNT - ANNOTATIONS_A_MAILBOX) / ANNOTATION_OCTETS);
  const large = Object.fromEntries(Array.from({ length: fitting }, (_, i) => [`/private/${i}`, value]));
  await set(account, null, { private: large });
  await expect(set(account, null, { private: { '/private/more': value } })).rejects.toMatchObject(tooMany);
  await set(account, null, { private: { '/private/0': 'x', '/private/more': value } });
  await verified(account);
});

test('marks of what was removed do not pile up', async () => {
  const { account, inbox } = await storage.newAccount();
  const rows = () => storage.sql`select from annotations where account_id = ${account}`;
  for (let round = 0; round < 21; round++) {
    const names = Array.from({ length: 500 }, (_, i) => `/private/${round}-${i}`);
    await set(account, inbox, { private: Object.fromEntries(names.map((name) => [name, 'x'])) });
    await set(account, inbox, { private: Object.fromEntries(names.map((name) => [name, null])) });
  }
  expect((await rows()).length).toBeLessThanOrEqual(ANNOTATIONS_AN_ACCOUNT);
  await set(account, inbox, { private: { '/private/kept': 'x' } });
  const options = { tombstonesBefore: new Date(0), changesAgeMs: 0 };
  await storage.store.prune(account, options);
  expect((await storage.store.prune(account, options)).annotations).toBe(0);
  expect(await rows()).toHaveLength(1);
});

test('what a reader keeps about a mailbox that is gone is pruned, and nothing else', async () => {
  const owner = await storage.newAccount();
  const reader = await storage.newAccount();
  await storage.store.mailboxes.create(owner.account, 'box', null);
  const box = await find(owner.account, 'box');
  const of = { owner: owner.account, private: { '/private/comment': 'x' } };
  await set(reader.account, box.id, of);
  await set(reader.account, owner.inbox, of);
  await storage.store.mailboxes.delete(owner.account, box.id);
  const pruned = await storage.store.prune(reader.account, { tombstonesBefore: new Date(0), changesAgeMs: 0 });
  expect(pruned.annotations).toBe(1);
  expect(await read(reader.account, owner.inbox, ['/private/comment'], { owner: owner.account })).toHaveLength(1);
});
