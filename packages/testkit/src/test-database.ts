import { randomBytes } from 'node:crypto';
import type { DatabaseTarget } from '@postel/config';
import { inject } from 'vitest';
import './shared-server.ts';
import { connect, databaseNamed, TEMPLATE } from './template-database.ts';

/** A migrated database that is empty and belongs to one test. */
export interface TestDatabase extends AsyncDisposable {
  readonly target: DatabaseTarget;
}

/** A fresh database on the test run's Postgres. Dispose of it with `await using`, or leave it to the end of the run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { database } = inject('postelServer');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await using server = connect(database);
  await server.sql`create database ${server.sql(name)} template ${server.sql(TEMPLATE)}`;
  return {
    target: databaseNamed(database, name),
    async [Symbol.asyncDispose]() {
      await using again = connect(database);
      await again.sql`drop database if exists ${again.sql(name)} with (force)`;
    },
  };
}
