import { createTestDatabase } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount } from './accounts.ts';
import { openDatabase } from './database.ts';
import type { AccountId } from './ids.ts';
import { findRewoundAccounts, recoverAccount, trustAccount } from './recover-account.ts';
import { markRewound, readSeenAccounts } from './rewound.ts';
import { SeenModSeqs } from './seen-modseqs.ts';
import { append, recount, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const REFUSED = { kind: 'unavailable', message: expect.stringContaining('postel recover') };

async function mailboxes(account: AccountId) {
  return await storage.sql<{ name: string; uidvalidity: number }[]>`
    select name, uidvalidity from mailboxes where account_id = ${account} order by mailbox_id`;
}

/** Takes an account back by some changes, as a restore would. */
async function rewind(id: AccountId): Promise<void> {
  const [account] = await storage.sql<{ modseq: number }[]>`
    update accounts set modseq = modseq - 2 where account_id = ${id} returning modseq`;
  await storage.sql`delete from changes where account_id = ${id} and mod_seq > ${account?.modseq ?? 0}`;
}

test('rule 3: every mailbox gets a new UIDVALIDITY above all there were, and modseq and ids go on above what was seen', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one');
  const seen = (await readSeenAccounts(sql)).filter(({ id }) => id === account);
  const before = await mailboxes(account);
  await rewind(account);
  expect(await markRewound(sql, seen)).toHaveLength(1);
  expect(await markRewound(sql, seen)).toEqual([]);

  const recovered = await recoverAccount(sql, account);
  expect(recovered?.mailboxes).toBe(before.length);
  expect(recovered?.modseq).toBeGreaterThan(seen[0]?.modseq ?? 0);
  const highest = Math.max(...before.map(({ uidvalidity }) => uidvalidity), seen[0]?.uidvalidity ?? 0);
  const after = (await mailboxes(account)).map(({ uidvalidity }) => uidvalidity);
  expect(Math.min(...after)).toBeGreaterThan(highest);
  expect(new Set(after).size).toBe(after.length);
  expect(await findRewoundAccounts(sql)).toEqual([]);
  await append(store, account, inbox, 'two');
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 3: the first connection after the database was replaced finds out, before it is lent to a write', async () => {
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore({ isDeaf: true, maxConnections: 1 });
  await append(other.store, account, inbox, 'seen');
  await rewind(account);
  for (let connected = 1; connected > 0; ) {
    const ended = await storage.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'storage test' and pid <> pg_backend_pid()`;
    connected = ended.length;
  }
  await other.database.sql.read`select 1`; // a write on a connection that broke in its hands would only say so
  await expect(append(other.store, account, inbox, 'would get a UID twice')).rejects.toMatchObject(REFUSED);
  await recoverAccount(storage.sql, account);
  await append(other.store, account, inbox, 'goes on');
});

test('rule 3: a database on another server waits as a whole, once', async () => {
  await using copy = await createTestDatabase();
  const open = () => openDatabase(copy.target, { applicationName: 'recover test', maxConnections: 1 });
  const before = open();
  const [moved, stays] = [
    await before.sql.begin((tx) => createAccount(tx, 'moved')),
    await before.sql.begin((tx) => createAccount(tx, 'stays')),
  ];
  await before.sql`update installation set system_identifier = 'of another server'`;
  await before.close();

  const database = open();
  expect((await findRewoundAccounts(database.sql)).map(({ name }) => name)).toEqual(['moved', 'stays']);
  await expect(database.sql`select subscribe_name(${moved}, 'x', 10)`).rejects.toMatchObject({ code: 'PR001' });
  expect(await trustAccount(database.sql, moved)).toBe(true);
  await database.sql`select subscribe_name(${moved}, 'x', 10)`;
  await database.close();
  const again = open();
  expect((await findRewoundAccounts(again.sql)).map(({ id }) => id)).toEqual([stays]);
  await again.close();
});

test('rule 3: an account that lost changes is not to be trusted, and one that lost none is not marked', async () => {
  const { sql } = storage;
  const { account } = await storage.newAccount();
  const seen = (await readSeenAccounts(sql)).filter(({ id }) => id === account);
  expect(await markRewound(sql, seen)).toEqual([]);
  await rewind(account);
  await markRewound(sql, seen);
  expect(await trustAccount(sql, account)).toBe(false);
  expect((await findRewoundAccounts(sql)).map(({ id }) => id)).toContain(account);
});

test.for([
  ['back 1 h', '-1 hour'],
  ['forward 10 y', '10 years'],
])('hardening 70: a clock that goes %s changes nothing about modseqs, UIDs and UIDVALIDITYs', async ([, offset]) => {
  await using testDatabase = await createTestDatabase();
  const open = () => openDatabase(testDatabase.target, { applicationName: 'clock test', maxConnections: 1 });
  const before = open();
  const account = await before.sql.begin((tx) => createAccount(tx, 'mary'));
  const state = (sql: typeof before.sql) => sql<{ modseq: number; uidvalidity: number }[]>`
    select modseq, next_uidvalidity as uidvalidity from accounts where account_id = ${account}`;
  const [was] = await state(before.sql);
  await before.sql.unsafe(`create schema other_clock;
    create function other_clock.now() returns timestamptz stable language sql as $$ select pg_catalog.now() + interval '${offset}' $$;
    create function other_clock.clock_timestamp() returns timestamptz language sql as $$ select pg_catalog.clock_timestamp() + interval '${offset}' $$;`);
  await before.close();

  const database = open();
  const { sql } = database;
  await sql`set search_path = other_clock, pg_catalog, public`; // of the one connection there is
  const [clock] = await sql<
    { isOff: boolean }[]
  >`select abs(extract(epoch from now() - pg_catalog.now())) > 3000 as "isOff"`;
  expect(clock).toEqual({ isOff: true });
  const [created] = await sql<{ status: string; uidvalidity: number }[]>`
    select status, uidvalidity from create_mailbox(${account}, 'New', null)`;
  expect(created).toMatchObject({ status: 'ok', uidvalidity: was?.uidvalidity });
  const [is] = await state(sql);
  expect(is).toEqual({ modseq: (was?.modseq ?? 0) + 1, uidvalidity: (was?.uidvalidity ?? 0) + 1 });
  // A recovery takes the clock as a floor only: back in time it goes on from what there is.
  const recovered = await recoverAccount(sql, account);
  expect(recovered?.uidvalidity).toBeGreaterThan(is?.uidvalidity ?? 0);
  expect(recovered?.modseq).toBeGreaterThan(is?.modseq ?? 0);
  await database.close();
});

test('what was seen is bounded, and keeps those raised last', () => {
  const seen = new SeenModSeqs(2);
  for (const [account, modseq] of [
    [1, 5],
    [2, 7],
    [1, 6],
    [3, 1],
    [3, 0],
  ] as const) {
    seen.raise(account as AccountId, modseq);
  }
  expect([...seen]).toEqual([
    [1, 6],
    [3, 1],
  ]);
});
