import type { DatabaseTarget } from '@postel/config';
import { identifyProcess } from '../data-directory/process-identity.ts';
import type { TakenDataDirectory } from '../data-directory/take-data-directory.ts';
import { EmbeddedPostgres, type PostgresEvent } from '../postgres/embedded-postgres.ts';
import type { PostgresScale } from '../postgres/postgres-settings.ts';
import { removeSocketDirectory } from '../postgres/socket-directory.ts';
import type { Reporter } from './reporter.ts';
import type { WatchedProcesses } from './watched-processes.ts';

/** What starting a part needs to know, and where it leaves word of what it has started. */
export interface StartContext {
  readonly taken: TakenDataDirectory;
  readonly watched: WatchedProcesses;
  readonly report: Reporter;
  /** Stops what was started, in the opposite order. */
  readonly started: AsyncDisposableStack;
  /** Ends the start. */
  readonly signal: AbortSignal;
}

interface DatabaseChoice {
  readonly databaseUrl: string | null;
  readonly postgresScale: PostgresScale;
}

/**
 * Starts the embedded Postgres, unless there is a URL of another one, and notes in run.json how it is reached.
 * @throws {CommandError}
 */
export async function startDatabase(
  { databaseUrl: url, postgresScale }: DatabaseChoice,
  context: StartContext,
): Promise<DatabaseTarget> {
  const { taken, watched, report, started, signal } = context;
  const { directory, run, leftOver } = taken;
  if (url !== null) {
    run.update({ database: { url } });
    return { url };
  }
  // Of a start that was killed. Postgres is not there any more, or will be stopped: it needs no socket for that.
  if (leftOver?.socketDirectory) await removeSocketDirectory(leftOver.socketDirectory);
  report.step('starting the database');
  const postgres = await EmbeddedPostgres.start({
    directory,
    scale: postgresScale,
    report: report.step,
    signal,
    onEvent: (event) => tell(event, context),
  });
  started.use(postgres);
  watched.postgres = postgres;
  const { path, isTemporary } = postgres.socketDirectory;
  run.update({ database: postgres.target, socketDirectory: isTemporary ? path : null });
  return postgres.target;
}

function tell(event: PostgresEvent, context: StartContext): void {
  const { taken, watched, report } = context;
  switch (event.type) {
    case 'started':
      taken.run.update({ postgres: identifyProcess(event.pid) });
      return;
    case 'ready':
      if (watched.isStarted) report.step('the database works again');
      return;
    case 'ended':
      report.warn(`the database died (${event.how}); starting it again in ${event.restartInMs / 1_000} s`);
      return;
    case 'no-room':
      report.warn(`${event.text}: make room, and the database is started again by itself`);
      return;
    default:
      event satisfies never;
  }
}
