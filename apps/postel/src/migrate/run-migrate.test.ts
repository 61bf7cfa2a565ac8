import { tmpdir } from 'node:os';
import { type DatabaseTarget, migrate, openDatabase } from '@postel/storage';
import { createTestDatabase, type OwnPostel, startPostel, type TestDatabase } from '@postel/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { type Outcome, runPostel, urlOf } from '../testing/configured-server.ts';

const UP_TO_DATE = 'The tables are up to date.\n';

function run(target: DatabaseTarget, ...args: string[]): Promise<Outcome> {
  return runPostel(['migrate', '--database-url', urlOf(target), ...args], tmpdir());
}

describe('a database of an older Postel', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
    const { sql, close } = openDatabase(database.target, { applicationName: 'test', maxConnections: 1 });
    await sql.unsafe(
      'drop schema public cascade; drop schema drizzle cascade; drop schema mail cascade; create schema public',
    );
    await close();
    await migrate(database.target, undefined, { upTo: '0003_mailbox_names' });
    return () => database[Symbol.asyncDispose]();
  });

  test('what would be done is told, as often as one asks', async () => {
    const told = await run(database.target, '--dry-run');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toMatch(/^0004_search_text: Adds what searches look in\. Builds two indexes.*\n0/);
    expect(await run(database.target, '--dry-run')).toEqual(told);
  });

  test('it is done, with progress, once', async () => {
    const done = await run(database.target);
    expect(done).toMatchObject({ code: 0, stdout: UP_TO_DATE });
    expect(done.stderr).toMatch(/^upgrading the tables: 0004_search_text\n/);
    expect(await run(database.target)).toEqual({ code: 0, stdout: UP_TO_DATE, stderr: '' });
    expect(await run(database.target, '--dry-run')).toEqual({ code: 0, stdout: UP_TO_DATE, stderr: '' });
  });
});

test('messages without summary are counted, and filled in', async () => {
  await using database = await createTestDatabase();
  const { sql, close } = openDatabase(database.target, { applicationName: 'test', maxConnections: 1 });
  await sql`
    insert into accounts (name, next_uidvalidity, next_object_id) values ('mary', 1, 10)`;
  await sql`
    insert into contents (account_id, content_id, hash, size_octets, header_octets, octets, envelope, body_structure, body, part_index)
    select account_id, 1, 'x', 20, 20, convert_to(E'Subject: Lunch\r\n\r\nhi', 'UTF8'), '', '', '', '' from accounts`;
  expect((await run(database.target, '--dry-run')).stdout).toBe(
    'To be filled in: 1 subjects or threads of messages of before.\n',
  );
  expect(await run(database.target)).toMatchObject({ code: 0, stdout: UP_TO_DATE });
  expect(await sql<object[]>`select subject from contents`).toEqual([{ subject: 'Lunch' }]);
  await sql`update contents set octets = null, blob_name = 'gone', thread_links = null`;
  const done = await run(database.target);
  expect(done).toMatchObject({ code: 0, stdout: UP_TO_DATE });
  expect(done.stderr).toContain('1 messages are in blobs that cannot be read');
  await close();
});

test('a database of a newer Postel is refused', async () => {
  await using database = await createTestDatabase();
  const { sql, close } = openDatabase(database.target, { applicationName: 'test', maxConnections: 1 });
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9000000000000)`;
  await close();
  for (const args of [[], ['--dry-run']]) {
    const refused = await run(database.target, ...args);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('made by a newer Postel');
  }
});

describe('a data directory', () => {
  let postel: OwnPostel;
  beforeAll(async () => {
    postel = await startPostel({ script: SERVE_DATABASE });
  });
  afterAll(() => postel[Symbol.asyncDispose]());

  test('is looked at with its server running or not', async () => {
    const look = () => runPostel(['migrate', '--data', postel.dataDirectory, '--dry-run'], tmpdir());
    expect(await look()).toEqual({ code: 0, stdout: UP_TO_DATE, stderr: '' });
    await postel.stop();
    expect(await look()).toMatchObject({ code: 0, stdout: UP_TO_DATE });
  });
});
