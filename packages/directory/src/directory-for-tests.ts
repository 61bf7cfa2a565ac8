import { openDatabase, type Sql } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import type { Actor } from './actor.ts';
import type { Directory } from './directory.ts';
import type { LoginContext } from './login.ts';
import { type DirectoryOptions, openDirectory } from './open-directory.ts';

/** Who changes things in tests. */
export const TESTER: Actor = { type: 'server', task: 'test' };

/** A login by IMAP, under TLS. */
export const BY_IMAP: LoginContext = {
  service: 'imap',
  clientAddress: '192.0.2.1',
  tlsVersion: 'TLSv1.3',
  clientKey: null,
  unknownKey: null,
};

/** Logs in by password. */
export function logIn(directory: Directory, login: string, password: string) {
  return directory.beginLogin(BY_IMAP, 'PLAIN').verifyPassword(login, password);
}

/** The same database, with a word of each question that it is asked outside of a transaction. */
export function countingSql(sql: Sql, onQuery: () => void): Sql {
  const counted = {
    apply(target: Sql['read'], self: unknown, args: Parameters<Sql['read']>) {
      onQuery();
      return Reflect.apply(target, self, args);
    },
  };
  const { unsafe, begin, octetRows } = sql;
  const read = new Proxy(sql.read, counted);
  // An object of its own: what is set on a proxy is set on the shared one.
  return Object.assign(new Proxy(sql.bind(null), counted), { unsafe, begin, octetRows, read });
}

/** A directory in an empty database of its own. */
export async function startDirectory(options: DirectoryOptions = {}) {
  const testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'directory test', maxConnections: 4 });
  const directory = openDirectory(database, options).as(TESTER);
  return {
    directory,
    sql: database.sql,
    /** Where the database is, for another process, or host, with a directory of its own. */
    target: testDatabase.target,
    async [Symbol.asyncDispose]() {
      await directory.close();
      await database.close();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}
