import type { DatabaseTarget } from '@postel/config';
import { MigrationError, migrate, type PendingMigration, pendingMigrations } from '@postel/storage';
import { CommandError } from './command-error.ts';

/**
 * Brings the database's schema up to date.
 * @throws {CommandError} if the database is not there or cannot be used
 */
export async function migrateDatabase(target: DatabaseTarget, report: (line: string) => void): Promise<void> {
  await explained(migrate(target, report));
}

/**
 * What `migrateDatabase` would do; changes nothing.
 * @throws {CommandError} if the database is not there or cannot be used
 */
export function findPendingMigrations(target: DatabaseTarget): Promise<readonly PendingMigration[]> {
  return explained(pendingMigrations(target));
}

async function explained<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MigrationError) throw new CommandError(error.message);
    // A code: the network's (ECONNREFUSED), or Postgres's own (28P01: wrong password).
    if (error instanceof Error && 'code' in error) {
      throw new CommandError(`Cannot use the database: ${error.message || error.code}.`);
    }
    throw error;
  }
}
