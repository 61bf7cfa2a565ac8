import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FlagEdit } from './flags.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { append, messagesInDatabase, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { rangesOf, type UidRanges } from './uid-ranges.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const SEEN = 1;
const FLAGGED = 4;
const DELETED = 8;
const EVERY: UidRanges = [{ first: 1, last: 4294967295 }];
const edit = (mode: FlagEdit['mode'], system: number, ...keywords: string[]): FlagEdit => ({ mode, system, keywords });

async function mailboxWith(...flags: readonly (readonly [system: number, ...keywords: string[]])[]) {
  const { account, inbox } = await storage.newAccount();
  for (const [system, ...keywords] of flags) {
    await append(storage.store, account, inbox, 'x', { flags: { system, keywords } });
  }
  return { account, inbox };
}

const change = (
  account: AccountId,
  inbox: MailboxId,
  uids: UidRanges,
  by: FlagEdit,
  unchangedSince: number | null = null,
) => storage.store.changeFlags(account, inbox, uids.slice(0), by, unchangedSince as ModSeq | null);

const flagsIn = async (account: AccountId, inbox: MailboxId) =>
  (await messagesInDatabase(storage.database, account, inbox)).map(({ flags, keywords }) => [flags, ...keywords]);

const modSeqsIn = async (account: AccountId, inbox: MailboxId) =>
  (await messagesInDatabase(storage.database, account, inbox)).map(({ modSeq }) => modSeq);

test.each([
  [edit('add', FLAGGED, 'new'), [FLAGGED | SEEN, 'old', 'new'], [FLAGGED, 'new']],
  [edit('add', 0), [SEEN, 'old'], [0]],
  [edit('remove', SEEN, 'OLD', 'unknown'), [0], [0]],
  [edit('remove', FLAGGED), [SEEN, 'old'], [0]],
  [edit('replace', FLAGGED, 'new'), [FLAGGED, 'new'], [FLAGGED, 'new']],
  [edit('replace', 0), [0], [0]],
])('%j', async (by, first, second) => {
  const { account, inbox } = await mailboxWith([SEEN, 'old'], [0]);
  await change(account, inbox, EVERY, by);
  expect(await flagsIn(account, inbox)).toEqual([first, second]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('keywords are edited the same where it is plain what comes out', async () => {
  const differing = await storage.sql`
    with sets as (select array_remove(array[a, b, c], 0) as ids
                    from unnest('{0,1}'::int[]) as a, unnest('{0,2}'::int[]) as b, unnest('{0,3}'::int[]) as c)
    select was.ids as was, mode, named.ids as named
      from sets as was, unnest('{add,remove}'::text[]) as mode, sets as named
     where named.ids <> '{}' and edit_keywords(was.ids, mode, named.ids) is distinct from merge_keywords(was.ids, mode, named.ids)`;
  expect(differing).toEqual([]);
});

test('one new modseq goes to the messages that changed, and no other', async () => {
  const { account, inbox } = await mailboxWith([SEEN], [0], [SEEN], [0], [0]);
  const before = await modSeqsIn(account, inbox);
  const done = await change(account, inbox, [{ first: 1, last: 4 }], edit('add', SEEN));
  expect(done).toMatchObject({ changed: rangesOf([2, 4]), conflicts: [] });
  expect(await modSeqsIn(account, inbox)).toEqual([before[0], done.modseq, before[2], done.modseq, before[4]]);
  const [last] = before.slice(-1);
  expect(done.modseq).toBe((last ?? 0) + 1);
});

test('RFC 7162 §3.1.11: what changes nothing leaves every modseq as it is', async () => {
  const { account, inbox } = await mailboxWith([SEEN, 'old'], [SEEN]);
  const state = () =>
    storage.sql`select a.modseq, b.highest_mod_seq, (select count(*)::int from changes where account_id = a.account_id) as changes
                  from accounts as a join mailboxes as b using (account_id) where account_id = ${account} and mailbox_id = ${inbox}`;
  const [before, modSeqs] = [await state(), await modSeqsIn(account, inbox)];
  const nothing = { modseq: null, changed: [], conflicts: [], parts: [] };
  expect(await change(account, inbox, EVERY, edit('add', SEEN))).toEqual(nothing);
  expect(await change(account, inbox, EVERY, edit('remove', FLAGGED, 'unknown'))).toEqual(nothing);
  expect(await change(account, inbox, rangesOf([1]), edit('replace', SEEN, 'OLD'))).toEqual(nothing);
  expect(await change(account, inbox, rangesOf([7]), edit('add', FLAGGED, 'fresh'))).toEqual(nothing);
  expect(await change(account, inbox, [], edit('add', FLAGGED))).toEqual(nothing);
  expect(await state()).toEqual(before);
  expect(await modSeqsIn(account, inbox)).toEqual(modSeqs);
});

test('RFC 7162 §3.1.3: messages changed since are left alone and named', async () => {
  const { account, inbox } = await mailboxWith([0], [0], [0]);
  const [, second] = await modSeqsIn(account, inbox);
  const done = await change(account, inbox, EVERY, edit('add', FLAGGED), second ?? 0);
  expect(done).toMatchObject({ changed: rangesOf([1, 2]), conflicts: rangesOf([3]) });
  expect(await flagsIn(account, inbox)).toEqual([[FLAGGED], [FLAGGED], [0]]);
  expect(await change(account, inbox, EVERY, edit('add', DELETED), 0)).toMatchObject({
    modseq: null,
    conflicts: rangesOf([1, 2, 3]),
  });
});

test('hardening 51: of two who change a message under the same condition exactly one wins', async () => {
  const { account, inbox } = await mailboxWith([0]);
  const other = await storage.openStore();
  for (let round = 0; round < 50; round++) {
    const [known] = await modSeqsIn(account, inbox);
    const outcomes = await Promise.all(
      [storage.store, other.store].map((store, i) =>
        store.changeFlags(account, inbox, rangesOf([1]), edit('replace', 0, `r${i}x${round}`), (known ?? 0) as ModSeq),
      ),
    );
    expect(outcomes.map(({ changed, conflicts }) => [changed.length, conflicts.length]).sort()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  }
});

test('rule 7: keywords are the same in any case, and the first spelling stays', async () => {
  const { account, inbox } = await mailboxWith([0, '$Forwarded', '$FORWARDED'], [0, '$forwarded']);
  await change(account, inbox, rangesOf([2]), edit('add', 0, '$Junk', '$JUNK'));
  await change(account, inbox, rangesOf([1]), edit('remove', 0, '$FORWARDED'));
  expect(await flagsIn(account, inbox)).toEqual([[0], [0, '$Forwarded', '$Junk']]);
  expect(await storage.sql`select keyword_id, name from keywords where account_id = ${account} order by 1`).toEqual([
    { keyword_id: 1, name: '$Forwarded' },
    { keyword_id: 2, name: '$Junk' },
  ]);
});

test('rule 7: the id of a keyword that is gone goes to no other one', async () => {
  const { account, inbox } = await mailboxWith([0, 'one', 'two']);
  await change(account, inbox, EVERY, edit('replace', 0));
  await storage.sql`delete from keywords where account_id = ${account}`; // as a job may that clears unused ones
  await change(account, inbox, EVERY, edit('replace', 0, 'three', 'two'));
  expect(await storage.sql`select keyword_id, name from keywords where account_id = ${account} order by 1`).toEqual([
    { keyword_id: 3, name: 'three' },
    { keyword_id: 4, name: 'two' },
  ]);
});

/** 100 names after the other, k0 to k99 first. */
const hundred = (nth: number) => Array.from({ length: 100 }, (_, i) => `k${100 * nth + i}`);

test('rule 7: a mailbox has at most 1,000 keywords, and a change that would pass that does nothing', async () => {
  const full = Array.from({ length: 9 }, (_, nth): [number, ...string[]] => [0, ...hundred(nth)]);
  const { account, inbox } = await mailboxWith(...full, [0, ...hundred(9).slice(0, 99)], [0]);
  const last = rangesOf([11]);
  const refused = { kind: 'too-many-keywords' };
  await expect(change(account, inbox, last, edit('replace', SEEN, 'x', 'y'))).rejects.toMatchObject(refused);
  expect((await flagsIn(account, inbox))[10]).toEqual([0]);
  await change(account, inbox, last, edit('add', 0, 'k999', 'K0'));
  expect((await flagsIn(account, inbox))[10]).toEqual([0, 'k0', 'k999']);
  await expect(change(account, inbox, last, edit('add', 0, 'x'))).rejects.toMatchObject(refused);
  await change(account, inbox, last, edit('remove', 0, 'x', 'k999'));
  expect((await flagsIn(account, inbox))[10]).toEqual([0, 'k0']);
});

test('rule 7: a message has at most 100 keywords, or what it had before there was a limit', async () => {
  const { account, inbox } = await mailboxWith([0, ...hundred(0)], [0, 'k0', 'k1']);
  const refused = { kind: 'too-many-keywords' };
  await expect(change(account, inbox, EVERY, edit('add', SEEN, 'more'))).rejects.toMatchObject(refused);
  await expect(change(account, inbox, EVERY, edit('replace', 0, ...hundred(1), 'more'))).rejects.toMatchObject(refused);
  const many = { flags: { system: 0, keywords: [...hundred(1), 'more'] } };
  await expect(append(storage.store, account, inbox, 'x', many)).rejects.toMatchObject(refused);
  expect(await flagsIn(account, inbox)).toEqual([
    [0, ...hundred(0)],
    [0, 'k0', 'k1'],
  ]);
  await change(account, inbox, EVERY, edit('add', SEEN, ...hundred(0).map((name) => name.toUpperCase())));
  expect((await flagsIn(account, inbox))[1]).toEqual([SEEN, ...hundred(0)]);

  await storage.sql`
    update messages set keywords = keywords || (select array_agg(n) from generate_series(1001, 1100) as n) where account_id = ${account} and uid = 1`;
  await change(account, inbox, EVERY, edit('remove', SEEN, 'k0'));
  await change(account, inbox, rangesOf([1]), edit('add', SEEN, 'k1'));
  await expect(change(account, inbox, rangesOf([1]), edit('add', 0, 'k0'))).rejects.toMatchObject(refused);
});

test('rule 7: each mailbox has keywords of its own, and names like those of objects are names', async () => {
  const { account, inbox } = await mailboxWith([0, '__proto__', 'constructor', 'a"b\\c,{}', 'NULL']);
  const archive = await storage.store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('no Archive');
  await append(storage.store, account, archive.id, 'x', { flags: { system: 0, keywords: ['NULL'] } });
  expect(await flagsIn(account, inbox)).toEqual([[0, '__proto__', 'constructor', 'a"b\\c,{}', 'NULL']]);
  expect(
    await storage.sql`select keyword_id from keywords where account_id = ${account} and name = 'NULL' order by 1`,
  ).toEqual([{ keyword_id: 1 }, { keyword_id: 4 }]);
});

test('rule 8: more than 10,000 messages change in several transactions, each with its modseq, told as one', async () => {
  const { account, inbox } = await mailboxWith([0]);
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags
      from messages, generate_series(2, 20001) as n where account_id = ${account}`;
  await storage.sql`update mailboxes set messages = 20001, unseen = 20001, octets = 20001 * octets, uid_next = 20002
                     where account_id = ${account} and mailbox_id = ${inbox}`;
  await storage.sql`update accounts set used_messages = 20001, used_octets = 20001 * used_octets where account_id = ${account}`;
  const [known] = await modSeqsIn(account, inbox);
  await change(account, inbox, rangesOf([15_000]), edit('add', FLAGGED));

  const done = await change(account, inbox, EVERY, edit('add', SEEN), known ?? 0);
  expect(done.conflicts).toEqual(rangesOf([15_000]));
  expect(done.parts.map(({ changed }) => changed)).toEqual([
    [{ first: 1, last: 10_000 }],
    [
      { first: 10_001, last: 14_999 },
      { first: 15_001, last: 20_000 },
    ],
    [{ first: 20_001, last: 20_001 }],
  ]);
  expect(done.changed).toEqual(done.parts.flatMap(({ changed }) => changed));
  expect(done.modseq).toBe(done.parts[2]?.modseq);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('flags of a message that was expunged, or of a mailbox that was deleted, are not changed', async () => {
  const { account, inbox } = await mailboxWith([DELETED], [0]);
  const { store, sql } = storage;
  await store.expunge(account, inbox, EVERY);
  expect(await change(account, inbox, rangesOf([1]), edit('replace', SEEN))).toMatchObject({
    modseq: null,
    changed: [],
  });
  expect(await sql`select flags from tombstones where account_id = ${account}`).toEqual([{ flags: DELETED }]);
  await store.mailboxes.delete(account, inbox);
  await expect(change(account, inbox, rangesOf([2]), edit('add', SEEN))).rejects.toMatchObject({ kind: 'nonexistent' });
});
