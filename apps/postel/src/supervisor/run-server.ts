import { flushCompileCache } from 'node:module';
import type { Address, DatabaseTarget } from '@postel/config';
import { openDatabase } from '@postel/storage';
import { type AppPlan, AppStartError, collectStartUp, ListenError, ListeningSockets } from '@postel/supervision';
import { CommandError } from '../command-error.ts';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { SeenFile } from '../data-directory/seen-file.ts';
import { takeForServer } from '../data-directory/take-data-directory.ts';
import type { PostgresScale } from '../postgres/postgres-settings.ts';
import { Stopped, StopSignal } from '../stop-signal.ts';
import { runTask, type TaskOptions } from '../tasks/run-task.ts';
import { AppSet } from './app-set.ts';
import { checkDatabase } from './database-check.ts';
import { Hangups } from './hangups.ts';
import { stopOnUncaught } from './last-resort.ts';
import { keepLogsBounded } from './log-bounds.ts';
import type { Reporter } from './reporter.ts';
import { type StartContext, startDatabase } from './start-database.ts';
import { serveStatus } from './status-server.ts';
import { stopLeftOverApps } from './stop-left-over-apps.ts';
import { watchForRewind } from './watch-for-rewind.ts';
import { WatchedProcesses } from './watched-processes.ts';

export interface ServerParts {
  readonly directory: DataDirectory;
  readonly database: DatabaseTarget;
}

/** What is different between the servers that a supervisor runs. */
export interface ServerRecipe {
  readonly dataDirectory: string;
  /** A Postgres of the person's own, in the place of the embedded one. */
  readonly databaseUrl: string | null;
  readonly postgresScale: PostgresScale;
  /** The server's name, by which it may be asked how it is. */
  readonly hostname: string;
  /** Where `/healthz` and `/metrics` are. */
  readonly status: Address | null;
  /** Where the apps will listen. */
  readonly addresses: readonly Address[];
  /** Ports by service, for run.json. */
  readonly ports: Readonly<Record<string, number>>;
  openReporter(directory: DataDirectory): Reporter;
  /** The file that an app process logs to; `null`: to our own standard error. */
  logOf(directory: DataDirectory, processName: string): string | null;
  /** Makes what the apps need and is not there yet, while the database starts. */
  prepareFiles(directory: DataDirectory, options: TaskOptions): Promise<void>;
  /** A task that is given the database, and brings it up to date. */
  readonly prepareDatabase: URL;
  planApps(parts: ServerParts): readonly AppPlan[];
  /** What to do about an address that cannot be listened at. */
  describeListenError(error: ListenError): string;
  /** Everything listens. */
  onReady(directory: DataDirectory): void;
  /** Plans anew, at SIGHUP; without it, SIGHUP stops the server, as the end of its terminal. */
  replan?(parts: ServerParts, report: Reporter): Promise<NewPlan>;
}

interface NewPlan {
  readonly plans: readonly AppPlan[];
  /** As `ServerRecipe` has them. */
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * A server, from the first line to the last: takes the data directory, starts everything in the order in which one needs
 * the other, waits for a signal, and stops everything in the opposite order, whatever of it was started.
 *
 * @throws {CommandError} if it cannot start; then nothing of it is left running either
 */
export async function runServer(recipe: ServerRecipe): Promise<void> {
  using stop = new StopSignal({ atHangup: recipe.replan === undefined });
  using hangups = new Hangups();
  try {
    await serve(recipe, stop, hangups);
  } catch (error) {
    if (error instanceof ListenError) throw new CommandError(recipe.describeListenError(error));
    if (error instanceof AppStartError) throw new CommandError(error.message);
    if (!(error instanceof Stopped)) throw error;
  }
}

/** @throws {Stopped} always, if nothing else goes wrong */
async function serve(recipe: ServerRecipe, stop: StopSignal, hangups: Hangups): Promise<never> {
  const { signal } = stop;
  await using started = new AsyncDisposableStack();

  const taken = started.use(await takeForServer(recipe.dataDirectory, signal));
  const { directory, run } = taken;
  const report = recipe.openReporter(directory);
  started.use(stopOnUncaught(stop, report));
  run.onFailure = (error) =>
    report.warn(`cannot write ${directory.runFile}: ${error instanceof Error ? error.message : error}`);
  report.step(`starting Postel in ${directory.path} (PID ${process.pid})`);
  started.use(keepLogsBounded(directory.logs, report.warn));
  cacheCompiledCode(directory);
  await stopLeftOverApps(taken.leftOver, report.step);
  const sockets = started.use(new ListeningSockets());
  sockets.open(recipe.addresses); // before anything is made

  const watched = new WatchedProcesses();
  let answerOfDatabase = async () => 'starting';
  if (recipe.status !== null) {
    const health = async () => watched.health(await answerOfDatabase());
    started.use(await serveStatus(recipe.status, recipe.hostname, { health, metrics: () => watched.metrics() }));
  }

  // Making certificates takes one core, initdb the other. Both end before anything is disposed of.
  const context: StartContext = { taken, watched, report, started, signal };
  const [, database] = await allDone(
    recipe.prepareFiles(directory, { report: report.step, signal }),
    startDatabase(recipe, context),
  );
  await runTask(recipe.prepareDatabase, database, { report: report.step, signal });

  const asked = openDatabase(database, { applicationName: 'postel', maxConnections: 1 });
  started.defer(() => asked.close());
  answerOfDatabase = () => checkDatabase(asked);
  const noteWaiting = (accounts: number) => {
    watched.rewoundAccounts = accounts;
  };
  started.use(await watchForRewind(asked, new SeenFile(directory.seenFile), report, noteWaiting));

  const parts = { directory, database };
  const apps = new AppSet(context, sockets, (name) => recipe.logOf(directory, name));
  started.defer(() => apps.stop());
  stop.onRepeated(() => {
    report.warn('asked again: not waiting for what is in hand');
    apps.hurry();
  });
  await stop.orStopped(apps.start(recipe.planApps(parts)));
  watched.isStarted = true;
  run.update({ isReady: true, ports: recipe.ports });
  collectStartUp();
  report.ready();
  recipe.onReady(directory);
  flushCompileCache(); // a later kill -9 must not cost the next start its cache

  try {
    for (;;) {
      await stop.orStopped(hangups.next());
      await stop.orStopped(reload(recipe, parts, apps, context));
    }
  } finally {
    report.step(`stopping (${signal.reason.message})`);
    watched.isStarted = false;
  }
}

/** What goes wrong is told, and leaves the server as it was. */
async function reload(
  recipe: ServerRecipe,
  parts: ServerParts,
  apps: AppSet,
  { report, taken }: StartContext,
): Promise<void> {
  report.step('SIGHUP: reading the configuration anew');
  try {
    const changed = await recipe.replan?.(parts, report);
    if (changed === undefined) return;
    await apps.apply(changed.plans);
    taken.run.update({ ports: changed.ports });
    report.step('the new configuration is in force');
  } catch (error) {
    report.failure('the new configuration is not in force', explain(error, recipe, apps));
  }
}

function explain(error: unknown, recipe: ServerRecipe, apps: AppSet): Error {
  if (!(error instanceof ListenError)) return error instanceof Error ? error : new Error(String(error));
  const { code, port } = error;
  const isOurs = code === 'EADDRINUSE' && apps.hasPort(port);
  return new Error(
    isOurs
      ? `Postel itself listens on port ${port}: other addresses with the same port take a restart.`
      : recipe.describeListenError(error),
    { cause: error },
  );
}

/** For the processes that are started from here: bin/postel.mjs has found a place, unless node_modules is read-only. */
function cacheCompiledCode(directory: DataDirectory): void {
  const { NODE_COMPILE_CACHE = directory.compileCache } = process.env;
  Object.assign(process.env, { NODE_COMPILE_CACHE });
}

/** Waits for both, also if one fails: what the other has started must be known before it can be stopped. */
async function allDone<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
