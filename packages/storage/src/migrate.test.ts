import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer, MigrationError, migrate, pendingMigrations } from './migrate.ts';
import { hold, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('hardening 71: several processes migrate at once, and one does the work', async () => {
  await using database = await storage.makeBareDatabase();
  const said: string[] = [];
  await Promise.all(Array.from({ length: 6 }, () => migrate(database.target, (line) => said.push(line))));
  expect(said).toEqual(['making the tables']);
  expect(await database.sql`select count(*)::int as rows from installation`).toEqual([{ rows: 1 }]);
});

test('a database that is up to date is left alone', async () => {
  const said: string[] = [];
  await migrate(storage.target, (line) => said.push(line));
  expect(said).toEqual([]);
});

test('hardening 71: a database made by a newer Postel is refused', async () => {
  await using database = await storage.makeBareDatabase();
  await migrate(database.target);
  await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9000000000000)`;
  await expect(migrate(database.target)).rejects.toThrow('made by a newer Postel');
  await expect(migrate(database.target)).rejects.toBeInstanceOf(MigrationError);
});

test('hardening 71: a migration that fails leaves nothing behind, those before it stay, and it runs again', async () => {
  await using database = await storage.makeBareDatabase();
  await database.sql`create function uid_range(bigint, bigint) returns integer language sql as 'select 1'`;
  await expect(migrate(database.target)).rejects.toThrow('uid_range');
  expect(await database.sql`select count(*)::int as rows from drizzle.__drizzle_migrations`).toEqual([{ rows: 1 }]);
  expect(await database.sql`select count(*)::int as rows from installation`).toEqual([{ rows: 0 }]);
  await database.sql`drop function uid_range`;
  const said: string[] = [];
  await migrate(database.target, (line) => said.push(line));
  expect(said[0]).toBe('upgrading the tables: 0001_mail_functions');
  expect(await database.sql`select count(*)::int as rows from installation`).toEqual([{ rows: 1 }]);
});

test('hardening 71: a migration does not make others wait behind it for long', async () => {
  await using database = await storage.makeBareDatabase();
  await migrate(database.target, undefined, { upTo: '0003_mailbox_names' });
  const reader = await hold(database, (tx) => tx`select from contents`);
  const said: string[] = [];
  const { promise: isWaiting, resolve } = Promise.withResolvers<void>();
  const migrated = migrate(database.target, (line) => {
    said.push(line);
    if (line.includes('waits')) resolve();
  });
  await isWaiting;
  await reader[Symbol.asyncDispose]();
  await migrated;
  expect(said.slice(0, 2)).toEqual([
    'upgrading the tables: 0004_search_text',
    '0004_search_text waits for others who work with the tables',
  ]);
});

test('what would be done is told, and nothing is', async () => {
  await using database = await storage.makeBareDatabase();
  expect((await pendingMigrations(database.target))[0]).toEqual({ name: '0000_schema', about: 'Makes the tables.' });
  expect(await database.sql`select to_regclass('drizzle.__drizzle_migrations') as journal`).toEqual([
    { journal: null },
  ]);
  await migrate(database.target, undefined, { upTo: '0003_mailbox_names' });
  expect((await pendingMigrations(database.target))[0]).toEqual({
    name: '0004_search_text',
    about: expect.stringContaining('Builds two indexes'),
  });
  await migrate(database.target);
  expect(await pendingMigrations(database.target)).toEqual([]);
});

test("mailboxes whose names are those of other accounts' now keep what they hold, and get other names", async () => {
  await using database = await storage.makeBareDatabase();
  await migrate(database.target, undefined, { upTo: '0017_metadata' });
  const { sql } = database;
  await sql`insert into accounts (name, next_uidvalidity) values ('mary', 1)`;
  for (const name of ['Other Users/john/INBOX', 'Other Users (2)', 'Other UsersX'])
    await sql`select create_mailbox(account_id, ${name}, null) from accounts`;
  await sql`insert into subscriptions select account_id, 'Other Users/john/INBOX', 1 from accounts`;
  await migrate(database.target);
  const names = await sql<{ name: string }[]>`select name from mailboxes order by name collate "C"`;
  expect(names.map(({ name }) => name)).toEqual(['Other Users (2)', 'Other Users (3)/john/INBOX', 'Other UsersX']);
  expect(await sql`select name from subscriptions`).toEqual([{ name: 'Other Users (3)/john/INBOX' }]);
});

test.each([
  ["locale_provider libc locale 'C'"],
  ["locale_provider builtin builtin_locale 'C.UTF-8'"],
  ["encoding 'SQL_ASCII' locale_provider libc locale 'C'"],
])('rule 14: a database made with %s is refused, and the message says how to make one', async (options) => {
  await using database = await storage.makeBareDatabase(options);
  await expect(migrate(database.target)).rejects.toThrow(/Make it with: create database .* 'C\.UTF-8'/);
});

const usable = { version: 18, encoding: 'UTF8', collate: 'C.UTF-8', ctype: 'C.UTF-8', provider: 'c' };

test.each([
  ['an older server', { ...usable, version: 17 }, 'needs Postgres 18'],
  ['the order of a language', { ...usable, collate: 'tr_TR.UTF-8' }, 'collation tr_TR.UTF-8'],
  ['the character classes of a language', { ...usable, ctype: 'tr_TR.UTF-8' }, 'character classes tr_TR.UTF-8'],
  ['ICU', { ...usable, provider: 'i' }, 'locale_provider libc'],
])('rule 14: %s is refused', (_, server, message) => {
  expect(() => checkServer(server)).toThrow(message);
});

test.each([usable, { ...usable, version: 19 }, { ...usable, ctype: 'C.utf8', collate: 'C' }])(
  '%j is good',
  (server) => {
    expect(() => checkServer(server)).not.toThrow();
  },
);
