import { type AppPlan, createLog } from '@postel/supervision';
import { areCertificatesGood } from '../certificates/local-certificates.ts';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { SMALL } from '../postgres/postgres-settings.ts';
import { reportToTerminal } from '../supervisor/reporter.ts';
import { runServer } from '../supervisor/run-server.ts';
import { runTask, type TaskOptions } from '../tasks/run-task.ts';
import type { Terminal } from '../terminal.ts';
import { type LocalServerParts, planApps } from './apps.ts';
import { howToConnect } from './how-to-connect.ts';
import { describePortProblem, LOOPBACK, type Ports } from './ports.ts';

export interface LocalServerOptions {
  readonly dataDirectory: string;
  readonly ports: Ports;
  /** A Postgres of the person's own, in the place of the embedded one. */
  readonly databaseUrl: string | null;
  /** The app processes to start. Tests of the supervisor have simpler ones. */
  readonly planApps?: (parts: LocalServerParts) => readonly AppPlan[];
}

const MAKE_CERTIFICATES = new URL('../certificates/make-local-certificates.ts', import.meta.url);
const PREPARE_DATABASE = new URL('prepare-database.ts', import.meta.url);

/**
 * The server of `postel localserve`.
 * @throws {CommandError} if it cannot start
 */
export async function runLocalServer(options: LocalServerOptions, terminal: Terminal): Promise<void> {
  const { dataDirectory, databaseUrl, ports } = options;
  const { metrics, ...services } = ports;
  const plan = options.planApps ?? planApps;
  await runServer({
    dataDirectory,
    databaseUrl,
    postgresScale: SMALL,
    hostname: 'localhost',
    status: { host: LOOPBACK, port: metrics },
    addresses: Object.values(services).map((port) => ({ host: LOOPBACK, port })),
    ports,
    openReporter: (directory) =>
      reportToTerminal(terminal, createLog({ name: 'postel', file: directory.logOf('postel') })),
    logOf: (directory, processName) => directory.logOf(processName),
    prepareFiles: prepareCertificates,
    prepareDatabase: PREPARE_DATABASE,
    planApps: (parts) => plan({ ...parts, ports }),
    describeListenError: describePortProblem,
    onReady: (directory) => terminal.say(howToConnect(directory, ports)),
  });
}

async function prepareCertificates(directory: DataDirectory, options: TaskOptions): Promise<void> {
  if (await areCertificatesGood(directory)) return;
  await runTask(MAKE_CERTIFICATES, { dataDirectory: directory.path }, options);
}
