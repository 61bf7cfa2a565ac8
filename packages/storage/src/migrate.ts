import { setTimeout as wait } from 'node:timers/promises';
import postgres from 'postgres';
import { type Client, connectToPrimary } from './connection.ts';
import { DatabaseServers, type DatabaseTarget } from './database-servers.ts';
import { listMigrations, type MigrationFile, readMigration } from './migration-files.ts';

/** Any number will do, if every Postel uses the same. */
const MIGRATION_LOCK = 80_69_83_84;
const OLDEST_POSTGRES = 18;
const C_UTF8 = /^C\.UTF-?8$/i;
const C_ORDER = /^(C|POSIX|C\.UTF-?8)$/i;

/**
 * How long a migration waits for the lock of a table. Whoever comes to the table meanwhile waits behind it, and would be
 * refused after `lock_timeout`, so it rather lets them pass and tries again.
 */
const LOCK_WAIT_MS = 2_000;
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** The database cannot be used as it is; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export interface PendingMigration {
  /** `0004_search_text` */
  readonly name: string;
  /** What it does and what it takes, for a person. */
  readonly about: string;
}

interface MigrateOptions {
  /** Stops behind this migration: for tests, which bring a database of before up to date. */
  readonly upTo?: string;
}

/**
 * Brings the schema up to date, forward only: each migration is a transaction of its own, so one that is interrupted leaves
 * nothing behind, and the next call goes on with it. Any number of processes may call this at once; one does the work. When
 * nothing is to do it costs three small queries.
 *
 * @throws {MigrationError} the server is too old, has the wrong character classes, or a newer Postel made the schema
 */
export async function migrate(
  target: DatabaseTarget,
  report: (line: string) => void = () => {},
  { upTo }: MigrateOptions = {},
): Promise<void> {
  const known = await listMigrations();
  const wanted = upTo === undefined ? known : known.slice(0, known.findIndex(({ name }) => name === upTo) + 1);
  await connected(target, (client) => bringUpToDate(client, known, wanted, report));
}

async function bringUpToDate(
  client: Client,
  known: readonly MigrationFile[],
  wanted: readonly MigrationFile[],
  report: (line: string) => void,
): Promise<void> {
  if ((await findPending(client, known, wanted)).length === 0) return;
  await client`set statement_timeout = 0`;
  await client`set lock_timeout = 0`;
  await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
  const pending = await findPending(client, known, wanted);
  if (pending.length === 0) return;
  await client`set lock_timeout = ${client.unsafe(String(LOCK_WAIT_MS))}`;
  const isNew = pending.length === wanted.length;
  if (isNew) {
    report('making the tables');
    await makeJournalTable(client);
  }
  for (const migration of pending) {
    if (!isNew) report(`upgrading the tables: ${migration.name}`);
    await apply(client, migration, report);
  }
}

/**
 * What `migrate` would do; changes nothing.
 *
 * @throws {MigrationError} as `migrate`
 */
export async function pendingMigrations(target: DatabaseTarget): Promise<readonly PendingMigration[]> {
  const known = await listMigrations();
  const pending = await connected(target, (client) => findPending(client, known, known));
  return Promise.all(pending.map(async (file) => ({ name: file.name, about: (await readMigration(file)).about })));
}

/** Works on a connection of its own, with a server that will do. */
async function connected<Result>(target: DatabaseTarget, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await connectToPrimary(new DatabaseServers(target), { applicationName: 'postel migrate' });
  let endTimeout = 0; // whatever failed, there is nothing to wait for
  try {
    checkServer(await describeServer(client));
    const result = await work(client);
    endTimeout = 5;
    return result;
  } finally {
    await client.end({ timeout: endTimeout });
  }
}

/** @throws {MigrationError} the database has had one that is not known here */
async function findPending(
  client: Client,
  known: readonly MigrationFile[],
  wanted: readonly MigrationFile[],
): Promise<readonly MigrationFile[]> {
  const applied = new Set(await appliedMigrations(client));
  const pending = wanted.filter(({ madeAt }) => !applied.delete(madeAt));
  for (const { madeAt } of known) applied.delete(madeAt);
  if (applied.size > 0) {
    throw new MigrationError(
      'This database was made by a newer Postel. Start that one, or restore a backup made by this one.',
    );
  }
  return pending;
}

async function appliedMigrations(client: Client): Promise<readonly number[]> {
  const [table] = await client<{ found: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null as found`;
  if (!table?.found) return [];
  const rows = await client<{ madeAt: number }[]>`select created_at as "madeAt" from drizzle.__drizzle_migrations`;
  return rows.map(({ madeAt }) => madeAt);
}

/** By the name that the tool has which the first Postels migrated with. */
async function makeJournalTable(client: Client): Promise<void> {
  await client`create schema if not exists drizzle`;
  await client`
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`;
}

async function apply(client: Client, file: MigrationFile, report: (line: string) => void): Promise<void> {
  const { hash, statements } = await readMigration(file);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.unsafe('begin');
      for (const statement of statements) await client.unsafe(statement);
      await client`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${file.madeAt})`;
      await client.unsafe('commit');
      return;
    } catch (error) {
      if (!isLockTimeout(error) || attempt === LOCK_ATTEMPTS) throw error; // the end of the connection rolls it back
      await client.unsafe('rollback');
      if (attempt === 1) report(`${file.name} waits for others who work with the tables`);
      await wait(LOCK_PAUSE_MS);
    }
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === LOCK_NOT_AVAILABLE;
}

export interface ServerFacts {
  readonly version: number;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** 'c' for libc. */
  readonly provider: string;
}

async function describeServer(client: Client): Promise<ServerFacts> {
  const [server] = await client<ServerFacts[]>`
    select current_setting('server_version_num')::int / 10000 as version, pg_encoding_to_char(encoding) as encoding,
           datcollate as collate, datctype as ctype, datlocprovider::text as provider
      from pg_database where datname = current_database()`;
  if (server === undefined) throw new MigrationError('The database does not say what it is.');
  return server;
}

/** @throws {MigrationError} if Postel cannot use the database */
export function checkServer({ version, encoding, collate, ctype, provider }: ServerFacts): void {
  if (version < OLDEST_POSTGRES) {
    throw new MigrationError(`Postel needs Postgres ${OLDEST_POSTGRES} or newer; this server is ${version}.`);
  }
  // Under C letters outside ASCII are none, so fuzzy search would find no Cyrillic;
  // under a language's collation an upgrade of the C library can break indexes.
  if (encoding !== 'UTF8' || provider !== 'c' || !C_UTF8.test(ctype) || !C_ORDER.test(collate)) {
    throw new MigrationError(
      `The database has encoding ${encoding}, collation ${collate} and character classes ${ctype}. ` +
        `Make it with: create database ... encoding 'UTF8' locale_provider libc locale 'C.UTF-8' template template0`,
    );
  }
}
