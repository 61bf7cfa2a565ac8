import { type AccountId, findAccounts, RemovedMail, StorageError } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';

/** The removed messages of one account, for as long as a command works with them. */
export interface ReachedAccount {
  readonly removed: RemovedMail;
  readonly account: AccountId;
  /** Aborted when somebody asks the command to stop. */
  readonly signal: AbortSignal;
}

/**
 * Lets a command work with what was removed from an account, whether its server runs or not.
 *
 * @throws {CommandError} if there is no such account, or the database fails
 */
export async function useRemovedMail(
  invocation: Invocation,
  server: NamedServer,
  accountName: string,
  use: (reached: ReachedAccount) => Promise<void>,
): Promise<void> {
  await useDatabase(invocation, server, async ({ database, signal }) => {
    const onError = (error: unknown) => invocation.terminal.warn(`mail programs may show it late: ${String(error)}`);
    const removed = new RemovedMail(database, { onError });
    try {
      const [account] = await findAccounts(database.sql, accountName);
      if (account === undefined) throw new CommandError(`There is no account ${JSON.stringify(accountName)}.`);
      await use({ removed, account: account.id, signal });
    } catch (error) {
      if (error instanceof StorageError) throw new CommandError(`${error.message}.`, { cause: error });
      throw error;
    } finally {
      await removed.close();
    }
  });
}
