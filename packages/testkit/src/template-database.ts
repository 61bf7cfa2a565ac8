import type { DatabaseTarget } from '@postel/config';
import { type Database, migrate, openDatabase } from '@postel/storage';

/** Migrated once in a test run; every test's database is a copy of its files. */
export const TEMPLATE = 'postel_template';

/** Makes the template. For the start of a test run. */
export async function makeTemplateDatabase(target: DatabaseTarget): Promise<void> {
  await using server = connect(target);
  await server.sql`create database ${server.sql(TEMPLATE)} template template0`;
  await migrate(databaseNamed(target, TEMPLATE));
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
