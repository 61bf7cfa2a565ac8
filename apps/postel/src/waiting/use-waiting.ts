import { findAccounts, type Sql, StorageError } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';

/** What a command works with that looks after copies of messages that wait. */
export interface ReachedCopies {
  readonly sql: Sql;
  /** Aborted when somebody asks the command to stop. */
  readonly signal: AbortSignal;
}

/**
 * Lets a command work with copies that wait, whether the server runs or not.
 *
 * @param account whose they are; null: anybody's
 * @throws {CommandError} if there is no such account, or the database fails
 */
export async function useWaiting(
  invocation: Invocation,
  server: NamedServer,
  account: string | null,
  use: (reached: ReachedCopies) => Promise<void>,
): Promise<void> {
  await useDatabase(invocation, server, async ({ database: { sql }, signal }) => {
    try {
      if (account !== null && (await findAccounts(sql, account)).length === 0) {
        throw new CommandError(`There is no account ${JSON.stringify(account)}.`);
      }
      await use({ sql, signal });
    } catch (error) {
      if (error instanceof StorageError) throw new CommandError(`${error.message}.`, { cause: error });
      throw error;
    }
  });
}
