import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import type { NewMessage } from './append.ts';
import { type FuzzyCriterion, likelyParts } from './fuzzy-search.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { SearchCriterion } from './search-messages.ts';
import { append, arrivalOf, messageOf, startStorage, type TestStorage } from './storage-for-tests.ts';
import { slotsOf } from './text-slots.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const SIGNAL = new AbortController().signal;
const SCORE = { signal: SIGNAL, onProgress: () => {}, onSearched: () => {} };
const SEARCH = { signal: SIGNAL, onProgress: () => {} };
/** An index is asked about more messages than that. */
const FEW = 40;

interface Owner {
  readonly account: AccountId;
  readonly inbox: MailboxId;
}

const mail = (subject: string, body: string) => `Subject: ${subject}\r\n\r\n${body}`;
const text = (text: string): SearchCriterion => ({ type: 'text', text });

async function appendAll(
  { account, inbox }: Owner,
  texts: readonly string[],
  more: Partial<NewMessage> = {},
): Promise<void> {
  const messages = await Promise.all(texts.map((text) => messageOf(storage.store, inbox, Buffer.from(text), more)));
  await Promise.all(messages.map((message) => storage.store.arrivals.append(account, message)));
}

/** An account with so many messages that their texts are to be indexed; UIDs from 1 on. */
async function ownerOf(texts: readonly string[] = [], more: Partial<NewMessage> = {}): Promise<Owner> {
  const owner = await storage.newAccount();
  await appendAll(
    owner,
    [...texts, ...Array.from({ length: 600 - texts.length }, (_, n) => mail(`hay ${n}`, `straw ${n}`))],
    more,
  );
  return owner;
}

async function uidsOf({ account, inbox }: Owner): Promise<Uint32Array> {
  const [row] = await storage.sql<{ next: number }[]>`
    select uid_next as next from mailboxes where account_id = ${account} and mailbox_id = ${inbox}`;
  return Uint32Array.from({ length: (row?.next ?? 1) - 1 }, (_, n) => n + 1);
}

async function search(owner: Owner, criterion: SearchCriterion): Promise<number[]> {
  return [...(await storage.store.search.find(owner.account, owner.inbox, await uidsOf(owner), criterion, SEARCH))];
}

/** By looking at each message. */
async function searchWithoutIndex(owner: Owner, criterion: SearchCriterion): Promise<number[]> {
  const found: number[] = [];
  const uids = await uidsOf(owner);
  for (let at = 0; at < uids.length; at += FEW) {
    const some = uids.subarray(at, at + FEW);
    found.push(...(await storage.store.search.find(owner.account, owner.inbox, some, criterion, SEARCH)));
  }
  return found;
}

/** How many texts went into the index, of all accounts. */
async function indexTexts(store = storage.store): Promise<number> {
  let texts = 0;
  await store.search.indexTexts({
    signal: SIGNAL,
    onProgress(done) {
      texts = done;
    },
  });
  return texts;
}

const segmentsOf = ({ account }: Owner) => storage.sql<{ id: number }[]>`
  select distinct segment_id as id from text_index where account_id = ${account} order by 1`;

test('rule 14: what the index says is not there is not looked at', async () => {
  const owner = await ownerOf([mail('needle', 'pin')]);
  expect(await indexTexts()).toBe(1_200);
  await storage.sql`
    update contents set search_text = 'needle' where account_id = ${owner.account} and search_text like 'straw%'`;
  expect(await search(owner, { type: 'body', text: 'needle' })).toEqual([]);
  expect(await search(owner, text('needle'))).toEqual([1]);
  expect(await searchWithoutIndex(owner, { type: 'body', text: 'needle' })).toHaveLength(599);
});

test('a message is found as soon as it is stored, and as well when it is in the index', async () => {
  const owner = await ownerOf([mail('needle one', '')]);
  await appendAll(owner, [mail('needle two', '')]);
  expect(await search(owner, text('needle'))).toEqual([1, 601]);
  await indexTexts();
  expect(await search(owner, text('needle'))).toEqual([1, 601]);
  await appendAll(owner, [mail('needle three', '')]);
  expect(await search(owner, text('needle'))).toEqual([1, 601, 602]);
  await appendAll(
    owner,
    Array.from({ length: 600 }, (_, n) => mail(`more ${n}`, '')),
  );
  expect(await indexTexts()).toBeGreaterThan(600);
  expect(await segmentsOf(owner)).toHaveLength(2);
  expect(await search(owner, text('needle'))).toEqual([1, 601, 602]);
  expect(await search(owner, text('more 599'))).toEqual([1_202]);
});

test('few messages are not worth an index', async () => {
  const owner = await storage.newAccount();
  await appendAll(
    owner,
    Array.from({ length: 100 }, (_, n) => mail(`hay ${n}`, '')),
  );
  expect(await indexTexts()).toBe(0);
  expect(await search(owner, text('hay 99'))).toEqual([100]);
});

test('segments of mail that comes little by little are merged, and find what they found', async () => {
  const owner = await storage.newAccount();
  const counts: number[] = [];
  for (let lot = 1; lot <= 9; lot++) {
    const hay = Array.from({ length: 139 }, (_, n) => mail(`hay ${lot} ${n}`, ''));
    await appendAll(owner, [mail(`needle ${lot}`, ''), ...hay]);
    await indexTexts();
    counts.push((await segmentsOf(owner)).length);
  }
  expect(counts).toEqual([1, 2, 1, 2, 3, 2, 3, 4, 1]);
  expect(await search(owner, text('needle'))).toEqual([1, 141, 281, 421, 561, 701, 841, 981, 1_121]);
  expect(await search(owner, text('hay 9 138'))).toEqual([1_260]);
  // It is the index which says so: what is not in it is not looked at.
  await storage.sql`update contents set header_text = 'unseen' where account_id = ${owner.account}`;
  expect(await search(owner, text('unseen'))).toEqual([]);
});

test('segments that have no room in one are not read again by who has found that', async () => {
  const { sql } = storage;
  const owner = await storage.newAccount();
  const { account } = owner;
  await sql`
    insert into text_index (account_id, slot_row, segment_id, octets)
    select ${account}::bigint, slot_row, segment_id, decode(repeat('00', 4400), 'hex')
      from generate_series(0, 511) as slot_row, generate_series(2000, 8000, 2000) as segment_id
    union all
    select ${account}::bigint, 512, segment_id, decode(repeat('01', case when segment_id < 8000 then 1300 else 400 end), 'hex')
      from generate_series(2000, 8000, 2000) as segment_id`;
  const indexMore = async (store = storage.store) => {
    await sql`update accounts set next_object_id = next_object_id + 10000 where account_id = ${account}`;
    await indexTexts(store);
    return (await segmentsOf(owner)).slice(0, 3);
  };
  const all = await indexMore();
  await sql`update text_index set octets = decode('', 'hex') where account_id = ${account} and slot_row < 512`;
  expect(await indexMore()).toEqual(all);
  const other = await storage.openStore();
  expect(await indexMore(other.store)).not.toEqual(all);
});

test('merging, pruning and indexing at once leave an index that finds all', async () => {
  const owner = await storage.newAccount();
  const other = await storage.openStore();
  for (let lot = 1; lot <= 8; lot++) {
    await appendAll(
      owner,
      Array.from({ length: 140 }, (_, n) => mail(`hay ${lot} ${n}`, `straw ${n}`)),
    );
    await storage.sql`
      delete from contents where account_id = ${owner.account} and content_id % 3 > 0 and search_text like 'straw 1%'`;
    await Promise.all([
      indexTexts(),
      indexTexts(other.store),
      storage.store.search.pruneTextIndex(owner.account, SIGNAL),
      other.store.search.pruneTextIndex(owner.account, SIGNAL),
    ]);
    for (const criterion of [text('hay 1 99'), text('straw 77'), text(`hay ${lot} 2`), text('straw 13')])
      expect(await search(owner, criterion)).toEqual(await searchWithoutIndex(owner, criterion));
  }
  expect((await segmentsOf(owner)).length).toBeLessThan(6);
});

test('rule 14: finds what looking at each message finds: any text, in headers and bodies, in the index or behind it', async () => {
  const letters = ['a', 'B', 'ß', 'ж', 'Я', '日', '本', 'の', 'é', ' ', '%', '_', '\\', "'", '.', '\u{1f600}'];
  const anyText = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 });
  const [subjects, bodies] = fc.sample(
    fc.tuple(
      fc.array(anyText, { minLength: 700, maxLength: 700 }),
      fc.array(anyText, { minLength: 700, maxLength: 700 }),
    ),
    { numRuns: 1, seed: 20_261_123 },
  )[0] ?? [[], []];
  const owner = await storage.newAccount();
  const messages = subjects.map(
    (subject, at) =>
      `Subject: ${subject}\r\nX-Other: ${bodies.at(-at)}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${bodies[at]} ${bodies.at(-at)}`,
  );
  await appendAll(owner, messages.slice(0, 350));
  await appendAll(owner, messages.slice(350, 650), {
    arrival: arrivalOf('mary@example.com', 'Return-Path: <b_b@example.com>\r\n'),
  });
  await indexTexts();
  expect(await segmentsOf(owner)).toHaveLength(1);
  await appendAll(owner, messages.slice(650));
  const part = fc
    .tuple(fc.constantFrom(...subjects, ...bodies), fc.nat(8), fc.integer({ min: 1, max: 6 }))
    .map(([whole, start, length]) => [...whole].slice(start, start + length).join(''));
  const criterion = fc
    .oneof(part, anyText, fc.constantFrom('b_b@', 'bab', '日本', ''))
    .chain((text) =>
      fc.constantFrom<SearchCriterion>(
        { type: 'text', text },
        { type: 'body', text },
        { type: 'header', name: 'subject', text },
        { type: 'header', name: 'return-path', text },
      ),
    );
  await fc.assert(
    fc.asyncProperty(criterion, async (criterion) => {
      expect(await search(owner, criterion)).toEqual(await searchWithoutIndex(owner, criterion));
    }),
    { numRuns: 150 },
  );
});

test('finds words that are like those asked for, as looking at each message does', async () => {
  const words = [
    'schedule',
    'schedules',
    'shcedule',
    'schedle',
    'schhedule',
    'scheduxe',
    'chedule',
    'приветствия',
    '会議の資料',
  ];
  const owner = await ownerOf(words.flatMap((word) => [mail(`about ${word}`, ''), mail('', `${word} of the meeting`)]));
  await append(storage.store, owner.account, owner.inbox, 'Subject: behind the schedule\r\n\r\n', {
    arrival: arrivalOf('x@example.com', 'X: timetable\r\n'),
  });
  await indexTexts();
  await append(storage.store, owner.account, owner.inbox, 'Subject: scheduling\r\n\r\n');
  const score = async (criterion: FuzzyCriterion, uids: Uint32Array) => {
    const scored = await storage.store.search.score(owner.account, owner.inbox, uids, criterion, SCORE);
    return [...scored.uids].map((uid, at) => [uid, scored.scores[at]]);
  };
  const all = await uidsOf(owner);
  for (const text of [
    ...words,
    'the schedule',
    'приветствие',
    '会議',
    'timetables',
    'schedule timetable',
    'straw',
    '.',
  ]) {
    for (const place of ['text', 'body', { field: 'subject' }] as const) {
      const criterion = { type: 'fuzzy', in: place, text } as const;
      const expected = [];
      for (let at = 0; at < all.length; at += FEW)
        expected.push(...(await score(criterion, all.subarray(at, at + FEW))));
      expect(await score(criterion, all), text).toEqual(expected);
    }
  }
  expect(await score({ type: 'fuzzy', in: 'text', text: 'schedule' }, all)).toHaveLength(16);
});

test('the parts of a word that are asked for leave out nothing that is like it', () => {
  const letters = 'abcdefghi';
  for (let length = 4; length <= letters.length; length++) {
    const word = letters.slice(0, length);
    const like = [...word].flatMap((letter, at) => {
      const [before, after] = [word.slice(0, at), word.slice(at + 1)];
      const swapped = after === '' ? word : `${before}${after[0]}${letter}${after.slice(1)}`;
      return [`${before}X${after}`, `${before}${after}`, `${before}X${letter}${after}`, swapped];
    });
    for (const other of [word, ...like])
      expect(
        likelyParts(word).some((part) => other.includes(part)),
        other,
      ).toBe(true);
  }
  expect(likelyParts('harbor').every((part) => slotsOf(part).length > 0)).toBe(true);
});

test('fields that Postel put before a message, also when its content came a second time, behind the index', async () => {
  const owner = await ownerOf([mail('hello', '')], {
    arrival: arrivalOf('x@example.com', 'Return-Path: <joe@example.com>\r\n'),
  });
  await indexTexts();
  expect(await search(owner, text('return-path: <joe@'))).toHaveLength(600);
  const again = arrivalOf('x@example.com', 'Return-Path: <needle@example.com>\r\n');
  await appendAll(owner, [mail('hello', '')], { arrival: again });
  const byField: SearchCriterion = { type: 'header', name: 'Return-Path', text: 'needle' };
  expect(await search(owner, text('needle'))).toEqual([601]);
  expect(await search(owner, byField)).toEqual([601]);
  await appendAll(
    owner,
    Array.from({ length: 600 }, (_, n) => mail(`more ${n}`, '')),
  );
  await indexTexts();
  expect(await search(owner, text('needle'))).toEqual([601]);
  expect(await search(owner, byField)).toEqual([601]);
  expect(await search(owner, { type: 'body', text: 'needle' })).toEqual([]);
});

test('copies and moved messages are found where they are, and removed ones as long as they can be read', async () => {
  const owner = await ownerOf([mail('needle', '')]);
  const { store, sql } = storage;
  await indexTexts();
  const { account, inbox } = owner;
  const { id: archive } = (await store.mailboxes.find(account, 'Archive')) ?? {};
  if (archive === undefined) throw new Error('the account has no Archive');
  await store.copy(account, inbox, [{ first: 1, last: 600 }], archive, 'whole');
  expect(await search({ account, inbox: archive }, text('needle'))).toEqual([1]);
  for await (const _ of store.move(account, inbox, [{ first: 1, last: 1 }], archive));
  expect(await search({ account, inbox: archive }, text('needle'))).toEqual([1, 601]);
  expect(await search(owner, text('needle'))).toEqual([1]);
  await sql`delete from tombstones where account_id = ${account}`;
  expect(await search(owner, text('needle'))).toEqual([]);
});

test('an index that is lost is made anew, and one that several processes make at once is one', async () => {
  const owner = await ownerOf([mail('needle', '')]);
  await indexTexts();
  await storage.sql`delete from text_index where account_id = ${owner.account}`;
  expect(await search(owner, text('needle'))).toEqual([1]);
  const other = await storage.openStore();
  await Promise.all([indexTexts(), indexTexts(other.store), indexTexts(other.store)]);
  expect(await segmentsOf(owner)).toHaveLength(1);
  expect(await search(owner, text('needle'))).toEqual([1]);
});

test('hardening 71: texts that an older Postel did not fill in are, and one that cannot be read is found when it can', async () => {
  const owner = await storage.newAccount();
  const large = mail('large', `needle${' x'.repeat(100_000)}`);
  await append(storage.store, owner.account, owner.inbox, Buffer.from(large));
  await appendAll(owner, [mail('needle', ''), ...Array.from({ length: 600 }, (_, n) => mail(`hay ${n}`, ''))], {
    arrival: arrivalOf('x@example.com', 'X: pin\r\n'),
  });
  await storage.sql`update contents set search_text = null, header_text = null where account_id = ${owner.account}`;
  await storage.sql`update deliveries set prefix_text = null where account_id = ${owner.account}`;
  const [row] = await storage.sql<{ name: string }[]>`
    select blob_name as name from contents where account_id = ${owner.account} and blob_name is not null`;
  const name = row?.name ?? '';
  const file = join(storage.blobDirectory, name.slice(0, 2), name);
  await rename(file, `${file}-away`);
  await indexTexts();
  expect(storage.errors.splice(0)).toHaveLength(1);
  expect(await search(owner, text('needle'))).toEqual([2]);
  expect(storage.errors.splice(0)).toHaveLength(1);
  await rename(`${file}-away`, file);
  expect(await search(owner, text('needle'))).toEqual([1, 2]);
  expect(await search(owner, text('x: pin'))).toHaveLength(601);
});

test('pruning makes segments small of whose texts most are gone, and finds the rest', async () => {
  const owner = await ownerOf([mail('needle', 'pin')]);
  await indexTexts();
  const sizeOf = async () => {
    const [row] = await storage.sql<{ octets: number }[]>`
      select sum(length(octets)) as octets from text_index where account_id = ${owner.account}`;
    return row?.octets ?? 0;
  };
  const prune = () => storage.store.search.pruneTextIndex(owner.account, SIGNAL);
  const whole = await sizeOf();
  expect(await prune()).toBe(0);
  await storage.sql`
    delete from contents where account_id = ${owner.account} and content_id not in (
      select content_id from contents where account_id = ${owner.account} order by content_id limit 10)`;
  expect(await prune()).toBe(1);
  expect(await sizeOf()).toBeLessThan(whole);
  expect(await prune()).toBe(0);
  expect(await search(owner, text('needle'))).toEqual([1]);
  await storage.sql`delete from contents where account_id = ${owner.account}`;
  expect(await prune()).toBe(1);
  expect(await prune()).toBe(0);
  expect(await segmentsOf(owner)).toHaveLength(1);
  expect(await indexTexts()).toBe(0);
});

test('an index goes with its account, and none is made for one that has gone', async () => {
  const owner = await ownerOf();
  await indexTexts();
  await storage.sql.begin((tx) => removeAccountMail(tx, owner.account));
  expect(await indexTexts()).toBe(0);
  expect(await segmentsOf(owner)).toEqual([]);
});

test('indexing that is told to stop does, and goes on another time', async () => {
  const owner = await ownerOf([mail('needle', '')]);
  const reason = new Error('stopping');
  await expect(
    storage.store.search.indexTexts({ signal: AbortSignal.abort(reason), onProgress: () => {} }),
  ).rejects.toBe(reason);
  expect(await segmentsOf(owner)).toEqual([]);
  expect(await indexTexts()).toBe(1_200);
});
