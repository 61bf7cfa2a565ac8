import type { DatabaseTarget } from '@postel/config';
import { type Database, migrate, openDatabase } from '@postel/storage';
import { partitionMailTables } from './partition-mail-tables.ts';

/** Migrated once in a test run; every test's database is a copy of its files. */
export const TEMPLATE = 'postel_template';

/**
 * Makes the template. For the start of a test run.
 *
 * @param partitions into how many the mail tables are split, by account; 1 leaves them whole
 */
export async function makeTemplateDatabase(target: DatabaseTarget, partitions: number): Promise<void> {
  await using server = connect(target);
  await server.sql`create database ${server.sql(TEMPLATE)} template template0`;
  const template = databaseNamed(target, TEMPLATE);
  await migrate(template);
  if (partitions === 1) return;
  await using database = connect(template);
  await partitionMailTables(database.sql, partitions);
}

export function connect(target: DatabaseTarget): Database & AsyncDisposable {
  const database = openDatabase(target, { applicationName: 'testkit', maxConnections: 1 });
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}

/** Another database of the same server. */
export function databaseNamed(target: DatabaseTarget, name: string): DatabaseTarget {
  if (!('url' in target)) return { ...target, database: name };
  const url = new URL(target.url);
  url.pathname = `/${name}`;
  return { url: url.href };
}
