import { existsSync } from 'node:fs';
import type { DatabaseTarget } from '@postel/config';
import { type Directory, DirectoryError, openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import type { Invocation } from './command.ts';
import { CommandError } from './command-error.ts';
import { DataDirectory } from './data-directory/data-directory.ts';
import { takeForCommand } from './data-directory/take-data-directory.ts';
import { migrateDatabase } from './migrate-database.ts';
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts';
import { StopSignal } from './stop-signal.ts';
import { findServer, type NamedServer, type ServerDatabase } from './which-server.ts';

/**
 * Lets a command work with domains and accounts: through the database of the server that runs on the data directory;
 * if none runs, through a Postgres that is started for the command and stopped after it.
 *
 * @param named the server, if the command line names one
 * @throws {CommandError} also for what the directory refuses
 */
export async function useDirectory<Result>(
  invocation: Invocation,
  named: NamedServer,
  use: (directory: Directory) => Promise<Result>,
): Promise<Result> {
  // Ctrl-C must not leave a Postgres behind; nothing here takes long.
  using stop = new StopSignal();
  await using started = new AsyncDisposableStack();
  const server = await findServer(named, invocation);
  const target = await reachDatabase(server, stop.signal, started, invocation.terminal.note);
  const database = openDatabase(target, { applicationName: 'postel config', maxConnections: 1 });
  started.defer(() => database.close());
  try {
    return await use(openDirectory(database));
  } catch (error) {
    if (error instanceof DirectoryError) throw new CommandError(`${error.message}.`, { cause: error });
    throw error;
  }
}

async function reachDatabase(
  server: ServerDatabase,
  signal: AbortSignal,
  started: AsyncDisposableStack,
  report: (line: string) => void,
): Promise<DatabaseTarget> {
  if ('url' in server) {
    await migrateDatabase(server, report);
    return server;
  }
  const { dataDirectory } = server;
  // Not made here: a mistyped --data would quietly make a new, empty server.
  if (!existsSync(new DataDirectory(dataDirectory).logs)) {
    throw new CommandError(
      `Postel has never run in ${dataDirectory}. Start it there once (postel serve, postel localserve), or name ` +
        'another server with --config FILE or --data DIR.',
    );
  }
  const taken = await takeForCommand(dataDirectory, signal);
  if (!('run' in taken)) {
    if (taken.database === null) throw new CommandError('The server that runs there has no database.');
    return taken.database;
  }
  started.use(taken);
  report('Postel does not run: starting its database for this command');
  const postgres = await EmbeddedPostgres.start({ directory: taken.directory, report, signal });
  started.use(postgres);
  await migrateDatabase(postgres.target, report);
  return postgres.target;
}
