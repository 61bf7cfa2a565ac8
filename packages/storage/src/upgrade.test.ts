import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fillAsBefore, OLD_MESSAGES, OLD_NAME } from './data-of-before.ts';
import type { Database } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import { listMigrations } from './migration-files.ts';
import {
  append,
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

const SEARCH = { signal: new AbortController().signal, onProgress: () => {} };

const versions = (await listMigrations()).map(({ name }) => ({ name, number: Number(name.slice(0, 4)) }));

/** The number of the newest migration that a released Postel has, whose processes may still run during an upgrade. */
const LAST_RELEASED = 4;

type BareDatabase = Awaited<ReturnType<TestStorage['makeBareDatabase']>>;

describe.each(versions)('a database made by $name', ({ name, number }) => {
  let database: BareDatabase;
  beforeEach(async () => {
    database = await storage.makeBareDatabase();
    await migrate(database.target, undefined, { upTo: name });
    await fillAsBefore(database, number, storage.blobDirectory);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test('hardening 71: is brought up to date, with all mail in it, though the first migration was killed in its middle', async () => {
    const [next] = await pendingMigrations(database.target);
    if (next !== undefined) await killed(database, next.name);
    await migrate(database.target);
    await checkMail(database);
  });
});

test('hardening 71: the oldest database goes on with an upgrade that was killed in the middle of each migration', async () => {
  await using database = await storage.makeBareDatabase();
  const [oldest] = versions;
  if (oldest === undefined) throw new Error('there are no migrations');
  await migrate(database.target, undefined, { upTo: oldest.name });
  await fillAsBefore(database, oldest.number, storage.blobDirectory);
  for (const { name } of await pendingMigrations(database.target)) {
    await killed(database, name);
    await migrate(database.target, undefined, { upTo: name });
    expect((await pendingMigrations(database.target)).map(({ name: later }) => later)).not.toContain(name);
  }
  await checkMail(database);
});

test('hardening 71: a process of the version before goes on beside one that has upgraded the tables', async () => {
  await using database = await storage.makeBareDatabase();
  await migrate(database.target);
  await fillAsBefore(database, LAST_RELEASED, storage.blobDirectory);
  await checkMail(database);
});

/** Kills the next migration in its middle: nothing of it is left. */
async function killed(database: BareDatabase, name: string): Promise<void> {
  const before = await describeSchema(database);
  await killInTheMiddle(database);
  expect(await describeSchema(database), name).toEqual(before);
}

/** Ends the connection of a migration that has run all its statements, and not committed. */
async function killInTheMiddle(database: BareDatabase): Promise<void> {
  // What was applied is written last; reading it goes on.
  const journal = await hold(database, (tx) => tx`lock table drizzle.__drizzle_migrations in share mode`);
  const migrated = migrate(database.target);
  const outcome = expect(migrated).rejects.toThrow();
  await untilWaiting(database);
  const killed = await database.sql<{ isKilled: boolean }[]>`
    select pg_terminate_backend(pid) as "isKilled" from pg_stat_activity
     where datname = current_database() and application_name = 'postel migrate'`;
  expect(killed).toEqual([{ isKilled: true }]);
  await journal[Symbol.asyncDispose]();
  await outcome;
}

/** Every column, function, index and constraint there is. */
async function describeSchema({ sql }: Database): Promise<readonly object[]> {
  return [
    ...(await sql<object[]>`
      select attrelid::regclass::text as relation, attname, format_type(atttypid, atttypmod) as type
        from pg_attribute join pg_class on oid = attrelid
       where relnamespace in (select oid from pg_namespace where nspname in ('public', 'mail')) and attnum > 0
       order by 1, attnum`),
    ...(await sql<object[]>`
      select oid::regprocedure::text as function, md5(prosrc) as source from pg_proc
       where pronamespace = 'public'::regnamespace order by 1`),
    ...(await sql<object[]>`select applied.hash from drizzle.__drizzle_migrations as applied order by id`),
  ];
}

/** That everything is there, and works. */
async function checkMail(database: BareDatabase): Promise<void> {
  const { store, database: opened } = await storage.openStore({ target: database.target });
  const { sql } = opened;
  const [mary] = await sql<{ id: AccountId }[]>`select account_id as id from accounts where name = 'mary'`;
  if (mary === undefined) throw new Error('the account has gone');
  const account = mary.id;
  expect(await recount(opened, account)).toEqual([]);

  const names = (await store.mailboxes.list(account)).map(({ name }) => name).sort();
  expect(names).toEqual([OLD_NAME.normalize('NFC'), 'INBOX', 'Sent']);
  const { id: inbox } = (await store.mailboxes.find(account, 'INBOX')) ?? {};
  const { id: sent } = (await store.mailboxes.find(account, 'Sent')) ?? {};
  if (inbox === undefined || sent === undefined) throw new Error('a mailbox has gone');
  expect(await sql<object[]>`select mailbox_id, uid from tombstones`).toEqual([{ mailbox_id: inbox, uid: 4 }]);

  await checkInbox(store, account, inbox);
  const uids = Uint32Array.of(1, 2, 3);
  const needle = { type: 'body', text: 'needle' } as const;
  expect([...(await store.search.find(account, sent, Uint32Array.of(1), needle, SEARCH))]).toEqual([1]);
  const lunch = { type: 'header', name: 'subject', text: 'lunch' } as const;
  expect([...(await store.search.find(account, inbox, uids, lunch, SEARCH))]).toEqual([1, 2, 3]);

  await store.search.fillMissingSummaries(SEARCH);
  expect((await append(store, account, inbox, 'new')).uid).toBe(5);
  expect(
    await sql<object[]>`
      select mailbox, uid, subject, dense_rank() over (order by thread_id) as thread from mail.messages
       where account = 'mary' order by mailbox, uid`,
  ).toEqual([
    { mailbox: 'INBOX', uid: 1, subject: 'Lunch', thread: 1 },
    { mailbox: 'INBOX', uid: 2, subject: 'Re: Lunch', thread: 1 },
    { mailbox: 'INBOX', uid: 3, subject: 'Lunch', thread: 1 },
    { mailbox: 'INBOX', uid: 5, subject: 'new', thread: 3 },
    { mailbox: 'Sent', uid: 1, subject: 'A large one', thread: 2 },
  ]);
  expect(await Array.fromAsync(verifyAccount(sql, account, { blobs: null }))).toEqual([]);
}

async function checkInbox(store: Store, account: AccountId, inbox: MailboxId): Promise<void> {
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(account, inbox, watcher);
  expect(messagesIn(mailbox)).toMatchObject([
    { uid: 1, flags: 1, keywords: ['$Important', 'Family'] },
    { uid: 2, flags: 0, keywords: [] },
    { uid: 3, flags: 0, keywords: [] },
  ]);
  store.closeMailbox(mailbox, watcher);
  const fetched = await store.fetchMessages(account, inbox, [1, 2, 3], { octets: true });
  expect(fetched.map(({ prefix, octets }) => `${prefix}${octets}`)).toEqual(
    OLD_MESSAGES.slice(0, 3).map(({ prefix, octets }) => `${prefix}${octets}`),
  );
}
