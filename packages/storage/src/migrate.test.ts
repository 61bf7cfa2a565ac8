import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, type DatabaseTarget, openDatabase } from './database.ts';
import { checkServer, MigrationError, migrate } from './migrate.ts';
import { startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

interface BareDatabase extends AsyncDisposable {
  readonly target: DatabaseTarget;
  readonly sql: Database['sql'];
}

/** A database without tables, made with these options. */
async function makeDatabase(options = ''): Promise<BareDatabase> {
  const name = `bare_${randomBytes(6).toString('hex')}`;
  await storage.sql.unsafe(`create database ${name} template template0 ${options}`);
  const target =
    'url' in storage.target
      ? { url: storage.target.url.replace(/[^/]*$/, name) }
      : { ...storage.target, database: name };
  const database = openDatabase(target, { applicationName: 'migrate test', maxConnections: 1 });
  return {
    target,
    sql: database.sql,
    async [Symbol.asyncDispose]() {
      await database.close();
      await storage.sql.unsafe(`drop database ${name} with (force)`);
    },
  };
}

test('hardening 71: several processes migrate at once, and one does the work', async () => {
  await using database = await makeDatabase();
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
  await using database = await makeDatabase();
  await migrate(database.target);
  await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9000000000000)`;
  await expect(migrate(database.target)).rejects.toThrow('made by a newer Postel');
  await expect(migrate(database.target)).rejects.toBeInstanceOf(MigrationError);
});

test('hardening 71: a migration that was interrupted has left nothing behind, and runs again', async () => {
  await using database = await makeDatabase();
  await database.sql`create function uid_range(bigint, bigint) returns int8multirange language sql as ''`.catch(
    () => {},
  );
  await database.sql`create function uid_range(bigint, bigint) returns integer language sql as 'select 1'`;
  await expect(migrate(database.target)).rejects.toThrow();
  expect(await database.sql`select to_regclass('accounts') as accounts`).toEqual([{ accounts: null }]);
  await database.sql`drop function uid_range`;
  await migrate(database.target);
  expect(await database.sql`select count(*)::int as accounts from accounts`).toEqual([{ accounts: 0 }]);
});

test.each([
  ["locale_provider libc locale 'C'"],
  ["locale_provider builtin builtin_locale 'C.UTF-8'"],
  ["encoding 'SQL_ASCII' locale_provider libc locale 'C'"],
])('a database made with %s is refused, and the message says how to make one', async (options) => {
  await using database = await makeDatabase(options);
  await expect(migrate(database.target)).rejects.toThrow(/Make it with: create database .* 'C\.UTF-8'/);
});

const usable = { version: 18, encoding: 'UTF8', collate: 'C.UTF-8', ctype: 'C.UTF-8', provider: 'c' };

test.each([
  ['an older server', { ...usable, version: 17 }, 'needs Postgres 18'],
  ['the order of a language', { ...usable, collate: 'tr_TR.UTF-8' }, 'collation tr_TR.UTF-8'],
  ['the character classes of a language', { ...usable, ctype: 'tr_TR.UTF-8' }, 'character classes tr_TR.UTF-8'],
  ['ICU', { ...usable, provider: 'i' }, 'locale_provider libc'],
])('%s is refused', (_, server, message) => {
  expect(() => checkServer(server)).toThrow(message);
});

test.each([usable, { ...usable, version: 19 }, { ...usable, ctype: 'C.utf8', collate: 'C' }])(
  '%j is good',
  (server) => {
    expect(() => checkServer(server)).not.toThrow();
  },
);
