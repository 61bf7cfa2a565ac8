import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModSeq } from './ids.ts';
import {
  append,
  holdAccount,
  messageOf,
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

const texts = (count: number) => Array.from({ length: count }, (_, i) => `message ${i}`);

test('rule 5: appends that wait for one another share a transaction, in the order of their coming', async () => {
  const { store, database } = storage;
  const { account, inbox } = await storage.newAccount();
  const messages = await Promise.all(texts(20).map((text) => messageOf(store, inbox, text)));
  const held = await holdAccount(database, account);
  const appends = messages.map((message) => store.arrivals.append(account, message));
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();

  const [first, ...others] = await Promise.all(appends);
  expect([first, ...others].map((done) => done?.uid)).toEqual(messages.map((_, i) => i + 1));
  expect(new Set(others.map(({ modseq }) => modseq))).toEqual(new Set([(first?.modseq ?? 0) + 1]));
  expect(await recount(database, account)).toEqual([]);
});

test('rule 5: in a shared transaction each message has its own answer and failure', async () => {
  const { store, database, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const sent = await store.mailboxes.find(account, 'Sent');
  if (sent === null) throw new Error('no Sent');
  await sql`update accounts set quota_octets = 1000 where account_id = ${account}`;
  await sql`
    insert into keywords (account_id, mailbox_id, keyword_id, name)
    select ${account}::bigint, ${inbox}::bigint, n, 'k' || n from generate_series(1, 1000) as n`;
  const messages = await Promise.all([
    messageOf(store, inbox, 'first'),
    messageOf(store, inbox, 'fits'),
    messageOf(store, sent.id, Buffer.alloc(2_000, 'x')), // over the quota
    messageOf(store, sent.id, 'fits too'),
    { ...(await messageOf(store, inbox, 'nowhere')), mailbox: 99_999 as typeof inbox },
    messageOf(store, inbox, 'many', {
      flags: { system: 0, keywords: ['one-more'] },
    }),
    messageOf(store, inbox, 'last'),
  ]);
  const held = await holdAccount(database, account);
  const appends = Promise.allSettled(messages.map((message) => store.arrivals.append(account, message)));
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();

  expect(await appends).toMatchObject([
    { value: { uid: 1 } },
    { value: { uid: 2 } },
    { reason: { kind: 'over-quota' } },
    { value: { uid: 1, uidvalidity: sent.uidvalidity } },
    { reason: { kind: 'nonexistent' } },
    { reason: { kind: 'too-many-keywords' } },
    { value: { uid: 3 } },
  ]);
  expect(await recount(database, account)).toEqual([]);
});

test('rule 5: a message that the database refuses does not take with it those it shared a transaction with', async () => {
  const { store, database } = storage;
  const { account, inbox } = await storage.newAccount();
  const messages = await Promise.all([
    messageOf(store, inbox, 'first'),
    messageOf(store, inbox, 'good'),
    messageOf(store, inbox, 'bad', { internalDate: Number.NEGATIVE_INFINITY }),
    messageOf(store, inbox, 'good too'),
  ]);
  const held = await holdAccount(database, account);
  const appends = Promise.allSettled(messages.map((message) => store.arrivals.append(account, message)));
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();
  expect(await appends).toMatchObject([
    { value: { uid: 1 } },
    { value: { uid: 2 } },
    { status: 'rejected' },
    { value: { uid: 3 } },
  ]);
  expect(await recount(database, account)).toEqual([]);
});

test('rule 5: small changes that wait for one another share a transaction, each with its modseq, answer and failure', async () => {
  const { store, database, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const archive = await store.mailboxes.find(account, 'Archive');
  if (archive === null) throw new Error('no Archive');
  for (const text of texts(4)) await append(store, account, inbox, text);
  const only = (uid: number) => [{ first: uid, last: uid }];
  const flagged = { mode: 'add', system: 4, keywords: [] } as const;
  const held = await holdAccount(database, account);
  const work = Promise.allSettled([
    store.changeFlags(account, inbox, only(1), flagged, null), // alone: it waits for the account
    store.changeFlags(account, inbox, only(2), flagged, null),
    store.changeFlags(account, 99_999 as typeof inbox, only(2), flagged, null),
    store.copy(account, inbox, only(2), archive.id, 'whole'),
    store.changeFlags(account, inbox, only(3), { ...flagged, system: 8 }, 1 as ModSeq), // it is newer than that
    store.changeFlags(account, inbox, only(4), { ...flagged, system: 8 }, null),
    store.expunge(account, inbox, [{ first: 1, last: 4 }]),
  ]);
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();

  const outcomes = await work;
  const { modseq: first = 0 } = (outcomes[0]?.status === 'fulfilled' ? outcomes[0].value : null) as { modseq?: number };
  expect(outcomes).toMatchObject([
    { value: { modseq: first } },
    { value: { modseq: first + 1, changed: only(2) } },
    { reason: { kind: 'nonexistent' } },
    { value: { modseq: first + 2, source: only(2) } },
    { value: { modseq: null, conflicts: only(3) } },
    { value: { modseq: first + 3 } },
    { value: first + 4 },
  ]);
  const rows = await sql<{ thing: string; xid: string }[]>`
    select mailbox_id || '/' || uid as thing, xmin::text as xid from messages where account_id = ${account}
    union all select 'tombstone', xmin::text from tombstones where account_id = ${account}`;
  const xid = (thing: string) => rows.find((row) => row.thing === thing)?.xid;
  expect(xid(`${archive.id}/1`)).toBe(xid(`${inbox}/2`));
  expect(xid('tombstone')).toBe(xid(`${inbox}/2`));
  expect(xid(`${inbox}/1`)).not.toBe(xid(`${inbox}/2`));
  expect(await recount(database, account)).toEqual([]);
});

test('rule 5: a change that the database refuses does not take with it those it shared a transaction with', async () => {
  const { store, database } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const text of texts(3)) await append(store, account, inbox, text);
  const held = await holdAccount(database, account);
  const work = Promise.allSettled(
    ['one', 'two', '\0', 'three'].map((keyword) =>
      store.changeFlags(account, inbox, [{ first: 1, last: 3 }], { mode: 'add', system: 0, keywords: [keyword] }, null),
    ),
  );
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();
  expect((await work).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  const messages = await messagesInDatabase(database, account, inbox);
  expect(messages.map(({ keywords }) => keywords)).toEqual(Array(3).fill(['one', 'two', 'three']));
});

test('rule 5: a change of many messages shares no transaction', async () => {
  const { store, database, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const text of texts(2)) await append(store, account, inbox, text);
  const held = await holdAccount(database, account);
  const flag = (first: number, last: number) =>
    store.changeFlags(account, inbox, [{ first, last }], { mode: 'add', system: 4, keywords: [] }, null);
  const work = Promise.all([flag(9, 9), flag(1, 1), flag(2, 1_001)]);
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();
  await work;
  const rows = await sql`select distinct xmin::text from messages where account_id = ${account}`;
  expect(rows).toHaveLength(2);
});

test('rule 5: other writes have their turn between appends, in the order of their coming', async () => {
  const { store, database } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  const messages = await Promise.all(texts(4).map((text) => messageOf(store, inbox, text)));
  const held = await holdAccount(database, account);
  const seen = { mode: 'add', system: 1, keywords: [] } as const;
  const [first, second, third, fourth] = messages.map((message) => () => store.arrivals.append(account, message));
  const work = [
    first?.(),
    second?.(),
    store.changeFlags(account, inbox, [{ first: 1, last: 1 }], seen, null),
    third?.(),
    fourth?.(),
  ];
  await untilWaiting(database);
  await held[Symbol.asyncDispose]();
  const modseqs = (await Promise.all(work)).map((done) => done?.modseq ?? 0);
  const from = modseqs[0] ?? 0;
  expect(modseqs).toEqual([from, from + 1, from + 2, from + 3, from + 3]);
});

test('rule 5: a busy account holds one connection, and others go on', async () => {
  const { store } = await storage.openStore({ maxConnections: 2 });
  const busy = await storage.newAccount();
  const idle = await storage.newAccount();
  const messages = await Promise.all(texts(100).map((text) => messageOf(store, busy.inbox, text)));
  const held = await holdAccount(storage.database, busy.account);
  const appends = Promise.all(messages.map((message) => store.arrivals.append(busy.account, message)));
  await untilWaiting(storage.database);
  expect(await append(store, idle.account, idle.inbox, 'not held up')).toMatchObject({ uid: 1 });
  await held[Symbol.asyncDispose]();
  expect(await appends).toHaveLength(100);
});

test('hardening 65: writes that wait for a lock too long are told that the database is unavailable', async () => {
  const { store, database } = storage;
  const { account, inbox } = await storage.newAccount();
  const message = await messageOf(store, inbox, 'one');
  const impatient = await storage.openStore();
  const [row] = await impatient.database.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const held = await holdAccount(database, account);
  const refused = expect(impatient.store.arrivals.append(account, message)).rejects.toMatchObject({
    kind: 'unavailable',
  });
  await untilWaiting(database);
  await storage.sql`select pg_cancel_backend(${row?.pid ?? 0}::integer)`; // as lock_timeout does
  await refused;
  await held[Symbol.asyncDispose]();
  expect(await append(store, account, inbox, 'two')).toMatchObject({ uid: 1 });
});
