import { DirectoryError, type ManagedDirectory, openDirectory } from '@postel/directory';
import type { Invocation } from './command.ts';
import { CommandError } from './command-error.ts';
import { operator } from './operator.ts';
import { type ReachedServer, useDatabase } from './use-database.ts';
import type { NamedServer } from './which-server.ts';

/**
 * Lets a command work with domains and accounts. What it changes is written down as changed by whoever runs it.
 *
 * @param named the server, if the command line names one
 * @throws {CommandError} also for what the directory refuses
 */
export function useDirectory<Result>(
  invocation: Invocation,
  named: NamedServer,
  use: (directory: ManagedDirectory, server: ReachedServer) => Promise<Result>,
): Promise<Result> {
  return useDatabase(invocation, named, async (server) => {
    const directory = openDirectory(server.database).as(operator());
    try {
      return await use(directory, server);
    } catch (error) {
      if (error instanceof DirectoryError) throw new CommandError(`${error.message}.`, { cause: error });
      throw error;
    } finally {
      await directory.close();
    }
  });
}
