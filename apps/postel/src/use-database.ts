import { type Database, openDatabase } from '@postel/storage';
import type { Invocation } from './command.ts';
import { migrateDatabase } from './migrate-database.ts';
import { reachDatabase } from './reach-database.ts';
import { StopSignal } from './stop-signal.ts';
import { findServer, type NamedServer, type ServerPlaces } from './which-server.ts';

/** A server's mail, for as long as a command works with it. */
export interface ReachedServer extends Omit<ServerPlaces, 'database'> {
  readonly database: Database;
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
  const { note: report } = invocation.terminal;
  const target = await reachDatabase(places.database, { signal: stop.signal, started, report });
  await migrateDatabase(target, report);
  const database = openDatabase(target, { applicationName: 'postel command', maxConnections: 1 });
  started.defer(() => database.close());
  return await use({ ...places, database, signal: stop.signal });
}
