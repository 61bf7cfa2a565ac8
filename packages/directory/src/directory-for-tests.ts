import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import { openDirectory } from './open-directory.ts';

/** A directory in an empty database of its own. */
export async function startDirectory() {
  const testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'directory test', maxConnections: 4 });
  return {
    directory: openDirectory(database),
    sql: database.sql,
    async [Symbol.asyncDispose]() {
      await database.close();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}
