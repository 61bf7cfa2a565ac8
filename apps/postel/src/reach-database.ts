import { existsSync } from 'node:fs';
import type { DatabaseTarget } from '@postel/config';
import { CommandError } from './command-error.ts';
import { DataDirectory } from './data-directory/data-directory.ts';
import { takeForCommand } from './data-directory/take-data-directory.ts';
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts';
import type { ServerDatabase } from './which-server.ts';

export interface ReachOptions {
  readonly signal: AbortSignal;
  /** Stops what had to be started. */
  readonly started: AsyncDisposableStack;
  readonly report: (line: string) => void;
}

/**
 * Finds the database of a server as it is; starts the embedded Postgres if the server does not run.
 * @throws {CommandError}
 */
export async function reachDatabase(
  server: ServerDatabase,
  { signal, started, report }: ReachOptions,
): Promise<DatabaseTarget> {
  if ('url' in server) return server;
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
  return postgres.target;
}
