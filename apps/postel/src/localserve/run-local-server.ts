import { flushCompileCache } from 'node:module';
import type { CertificateFiles } from '@postel/config';
import { openDatabase } from '@postel/storage';
import { createLog } from '@postel/supervision';
import { areCertificatesGood, serverFiles } from '../certificates/local-certificates.ts';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { takeForServer } from '../data-directory/take-data-directory.ts';
import { Stopped, StopSignal } from '../stop-signal.ts';
import { runTask, type TaskOptions } from '../tasks/run-task.ts';
import type { Terminal } from '../terminal.ts';
import { type AppPlan, planApps, type ServerParts } from './apps.ts';
import { checkDatabase } from './database-check.ts';
import { howToConnect } from './how-to-connect.ts';
import { stopOnUncaught } from './last-resort.ts';
import { keepLogsBounded } from './log-bounds.ts';
import { checkPortsAreFree, type Ports } from './ports.ts';
import { Reporter } from './reporter.ts';
import { startApps } from './start-apps.ts';
import { type StartContext, startDatabase } from './start-database.ts';
import { serveStatus } from './status-server.ts';
import { stopLeftOverApps } from './stop-left-over-apps.ts';
import { WatchedProcesses } from './watched-processes.ts';

export interface LocalServerOptions {
  readonly dataDirectory: string;
  readonly ports: Ports;
  /** A Postgres of the person's own, in the place of the embedded one. */
  readonly databaseUrl: string | null;
  /** The app processes to start. Tests of the supervisor have simpler ones. */
  readonly planApps?: (parts: ServerParts) => readonly AppPlan[];
}

const MAKE_CERTIFICATES = new URL('../certificates/make-local-certificates.ts', import.meta.url);
const PREPARE_DATABASE = new URL('prepare-database.ts', import.meta.url);

/**
 * The server of `postel localserve`, from the first line to the last: takes the data directory, starts everything in
 * the order in which one needs the other, waits for a signal, and stops everything in the opposite order, whatever of
 * it was started.
 *
 * @throws {CommandError} if it cannot start; then nothing of it is left running either
 */
export async function runLocalServer(options: LocalServerOptions, terminal: Terminal): Promise<void> {
  using stop = new StopSignal();
  try {
    await serve(options, terminal, stop);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

/** @throws {Stopped} always, if nothing else goes wrong */
async function serve(options: LocalServerOptions, terminal: Terminal, stop: StopSignal): Promise<never> {
  const { ports } = options;
  const { signal } = stop;
  const plan = options.planApps ?? planApps;
  await using started = new AsyncDisposableStack();

  const taken = started.use(await takeForServer(options.dataDirectory, signal));
  const { directory, run } = taken;
  const report = new Reporter(terminal, createLog({ name: 'postel', file: directory.logOf('postel') }));
  started.use(stopOnUncaught(stop, report));
  run.onFailure = (error) =>
    report.warn(`cannot write ${directory.runFile}: ${error instanceof Error ? error.message : error}`);
  report.step(`starting Postel in ${directory.path} (PID ${process.pid})`);
  started.use(keepLogsBounded(directory.logs, report.warn));
  cacheCompiledCode(directory);
  await stopLeftOverApps(taken.leftOver, report.step);
  await checkPortsAreFree(ports);

  const watched = new WatchedProcesses();
  let answerOfDatabase = async () => 'starting';
  const status = await serveStatus(ports.metrics, {
    health: async () => watched.health(await answerOfDatabase()),
    metrics: () => watched.metrics(),
  });
  started.use(status);

  // Making certificates takes one core, initdb the other. Both end before anything is disposed of.
  const context: StartContext = { taken, watched, report, started, signal };
  const [certificates, target] = await allDone(
    prepareCertificates(directory, { report: report.step, signal }),
    startDatabase(options.databaseUrl, context),
  );
  await runTask(PREPARE_DATABASE, target, { report: report.step, signal });

  const database = openDatabase(target, { applicationName: 'postel', maxConnections: 1 });
  started.defer(() => database.close());
  answerOfDatabase = () => checkDatabase(database);

  await stop.orStopped(startApps(plan({ directory, database: target, certificates, ports }), context));
  watched.isStarted = true;
  run.update({ isReady: true, ports });
  report.step('postel ready');
  terminal.say(howToConnect(directory, ports));
  flushCompileCache(); // a later kill -9 must not cost the next start its cache

  try {
    return await stop.orStopped(new Promise<never>(() => {}));
  } finally {
    report.step(`stopping (${signal.reason.message})`);
    watched.isStarted = false;
  }
}

/** For the processes that are started from here: bin/postel.mjs has found a place, unless node_modules is read-only. */
function cacheCompiledCode(directory: DataDirectory): void {
  const { NODE_COMPILE_CACHE = directory.compileCache } = process.env;
  Object.assign(process.env, { NODE_COMPILE_CACHE });
}

async function prepareCertificates(directory: DataDirectory, options: TaskOptions): Promise<CertificateFiles> {
  if (!(await areCertificatesGood(directory))) {
    await runTask(MAKE_CERTIFICATES, { dataDirectory: directory.path }, options);
  }
  return serverFiles(directory);
}

/** Waits for both, also if one fails: what the other has started must be known before it can be stopped. */
async function allDone<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
