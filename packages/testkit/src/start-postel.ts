import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePortOffset } from './free-port-offset.ts';
import { readRunState } from './run-state.ts';
import { RunningPostel } from './running-postel.ts';
import { type Ended, ServerProcess, StartFailed } from './server-process.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './temporary-directories.ts';

export interface StartOptions {
  /** Without one the server has a new data directory, which goes when it is disposed of. */
  readonly dataDirectory?: string;
  readonly portOffset?: number;
  /** The data directory of a server that was stopped; the new one is a copy of it, which saves the first start's work. */
  readonly copyOf?: string;
  /** What to run instead of `bin/postel.mjs localserve`; is given the data directory and the offset as arguments. */
  readonly script?: string;
  /** Sends a signal once that has been printed, to test a start that is cut short. */
  readonly signalAt?: { readonly pattern: RegExp; readonly signal: NodeJS.Signals };
}

/** The supervisor and its database, and no mail server. */
const DATABASE_ONLY = fileURLToPath(new URL('../../../apps/postel/src/fixtures/serve-database.ts', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../../bin/postel.mjs', import.meta.url));
const ATTEMPTS = 5;

/** A server that belongs to one test: it may be stopped and killed. */
export class OwnPostel extends RunningPostel implements AsyncDisposable {
  readonly process: ServerProcess;
  readonly portOffset: number;
  readonly #ownsDirectory: boolean;

  constructor(process: ServerProcess, dataDirectory: string, portOffset: number, ownsDirectory: boolean) {
    super(dataDirectory);
    this.process = process;
    this.portOffset = portOffset;
    this.#ownsDirectory = ownsDirectory;
  }

  /** Stops it as `kill PID` does, and waits for its end. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    return this.process.stop(signal);
  }

  /** Kills the supervisor, the app processes and Postgres at once, as a power cut would. */
  async kill9(): Promise<void> {
    killAll(this.dataDirectory);
    await this.process.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // One that stops in order takes its run.json with it. Of any other, all that may be left is ended.
    if (existsSync(join(this.dataDirectory, 'run.json'))) killAll(this.dataDirectory);
    if (this.#ownsDirectory) removeTemporaryDirectory(this.dataDirectory);
  }
}

function killAll(dataDirectory: string): void {
  const { pid, postgresPid, apps } = readRunState(dataDirectory);
  for (const each of [pid, postgresPid, ...Object.values(apps)]) {
    if (each === null) continue;
    try {
      process.kill(each, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/**
 * Starts `postel localserve` and waits until it is ready.
 * @throws {StartFailed} with all it printed
 */
export async function startPostel(options: StartOptions = {}): Promise<OwnPostel> {
  const dataDirectory = options.dataDirectory ?? makeTemporaryDirectory();
  if (options.copyOf !== undefined) cpSync(options.copyOf, dataDirectory, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const portOffset = options.portOffset ?? (await freePortOffset());
    const server = new ServerProcess(commandLine(options, dataDirectory, portOffset));
    const { signalAt } = options;
    if (signalAt !== undefined) void server.printed(signalAt.pattern).then(() => server.signal(signalAt.signal));
    try {
      await server.ready();
      return new OwnPostel(server, dataDirectory, portOffset, options.dataDirectory === undefined);
    } catch (error) {
      // Another test run took one of the ports between our look and the start.
      const mayRetry = options.portOffset === undefined && attempt < ATTEMPTS;
      if (mayRetry && error instanceof StartFailed && error.output.includes('is in use')) continue;
      if (options.dataDirectory === undefined) removeTemporaryDirectory(dataDirectory);
      throw error;
    }
  }
}

/** Starts a database of its own, and no mail server; for programs that are not run by vitest, as much as for tests. */
export function startDatabase(): Promise<OwnPostel> {
  return startPostel({ script: DATABASE_ONLY });
}

function commandLine({ script }: StartOptions, dataDirectory: string, portOffset: number): readonly string[] {
  if (script !== undefined) return [script, dataDirectory, String(portOffset)];
  return [LAUNCHER, 'localserve', '--data', dataDirectory, '--port-offset', String(portOffset)];
}
