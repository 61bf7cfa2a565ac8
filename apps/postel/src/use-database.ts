import { existsSync } from 'node:fs';
import type { DatabaseTarget } from '@postel/config';
import { type Database, openDatabase } from '@postel/storage';
import type { Invocation } from './command.ts';
import { CommandError } from './command-error.ts';
import { DataDirectory } from './data-directory/data-directory.ts';
import { takeForCommand } from './data-directory/take-data-directory.ts';
import { migrateDatabase } from './migrate-database.ts';
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts';
import { StopSignal } from './stop-signal.ts';
import { findServer, type NamedServer, type ServerDatabase } from './which-server.ts';

/** A server's mail, for as long as a command works with it. */
export interface ReachedServer {
  readonly database: Database;
  readonly blobDirectory: string;
  /** Aborted when somebody asks the command to stop. */
  readonly signal: AbortSignal;
}

/**
 * Lets a command work with the database of the server that runs on the data directory; if none runs, with a Postgres that
 * is started for the command and stopped after it.
 *
 * @param named the server, if the command line names one
 * @throws {CommandError}
 */
export async function useDatabase<Result>(
  invocation: Invocation,
  named: NamedServer,
  use: (server: ReachedServer) => Promise<Result>,
): Promise<Result> {
  // Ctrl-C must not leave a Postgres behind.
  using stop = new StopSignal();
  await using started = new AsyncDisposableStack();
  const places = await findServer(named, invocation);
  const target = await reachDatabase(places.database, stop.signal, started, invocation.terminal.note);
  const database = openDatabase(target, { applicationName: 'postel command', maxConnections: 1 });
  started.defer(() => database.close());
  return await use({ database, blobDirectory: places.blobDirectory, signal: stop.signal });
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
