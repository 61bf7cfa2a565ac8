import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Client, connectClient, type DatabaseTarget } from './connection.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
/** Any number will do, if every Postel uses the same. */
const MIGRATION_LOCK = 80_69_83_84;
const OLDEST_POSTGRES = 18;
const C_UTF8 = /^C\.UTF-?8$/i;
const C_ORDER = /^(C|POSIX|C\.UTF-?8)$/i;

/** The database cannot be used as it is; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings the schema up to date. Any number of processes may call this at once; one does the work. When nothing is to
 * do it costs three small queries, because drizzle is loaded only for a pending migration (0.7 s of CPU).
 *
 * @throws {MigrationError} the server is too old, has the wrong character classes, or a newer Postel made the schema
 */
export async function migrate(target: DatabaseTarget, report: (line: string) => void = () => {}): Promise<void> {
  const client = connectClient(target, { applicationName: 'postel migrate' });
  try {
    checkServer(await describeServer(client));
    const newest = await newestMigration();
    if ((await appliedMigration(client)) === newest) return;
    await client`set statement_timeout = 0`;
    await client`set lock_timeout = 0`;
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    const applied = await appliedMigration(client);
    if (applied > newest) {
      throw new MigrationError(
        'This database was made by a newer Postel. Start that one, or restore a backup made by this one.',
      );
    }
    if (applied === newest) return;
    report(applied === 0 ? 'making the tables' : 'upgrading the tables');
    const [{ drizzle }, migrator] = await Promise.all([
      import('drizzle-orm/postgres-js'),
      import('drizzle-orm/postgres-js/migrator'),
    ]);
    await migrator.migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } finally {
    await client.end({ timeout: 5 });
  }
}

async function newestMigration(): Promise<number> {
  const journal: unknown = JSON.parse(await readFile(`${MIGRATIONS}/meta/_journal.json`, 'utf8'));
  const { entries } = journal as { entries: readonly { when: number }[] };
  return entries.at(-1)?.when ?? 0;
}

/** When the newest applied migration was made, 0 if there is none. */
async function appliedMigration(client: Client): Promise<number> {
  const [table] = await client<{ found: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null as found`;
  if (!table?.found) return 0;
  const [row] = await client<
    { newest: number | null }[]
  >`select max(created_at) as newest from drizzle.__drizzle_migrations`;
  return row?.newest ?? 0;
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
  // Under C and under the builtin provider pg_trgm sees no letters outside ASCII, so text search would find no Cyrillic;
  // under a language's collation an upgrade of the C library can break indexes.
  if (encoding !== 'UTF8' || provider !== 'c' || !C_UTF8.test(ctype) || !C_ORDER.test(collate)) {
    throw new MigrationError(
      `The database has encoding ${encoding}, collation ${collate} and character classes ${ctype}. ` +
        `Make it with: create database ... encoding 'UTF8' locale_provider libc locale 'C.UTF-8' template template0`,
    );
  }
}
