import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const READY = /^postel ready$/m;
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 40_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The server said why it does not start. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly output: string;

  constructor(how: string, output: string) {
    super(`The server did not start (${how}). It printed:\n${output}`);
    this.output = output;
  }
}

/**
 * A server as a child process, with all it prints. It holds an IPC channel to this process: if the test process is
 * killed, the server stops by itself.
 */
export class ServerProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = '';

  /** @param within a command line that runs what follows it, in a namespace for instance, as itself */
  constructor(args: readonly string[], within: readonly string[] = []) {
    const { DATABASE_URL: _, ...env } = process.env;
    const [file = process.execPath, ...rest] = [...within, process.execPath, ...args];
    this.#child = spawn(file, rest, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.#output += text;
        this.#child.emit('printed');
      });
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
    this.ended.catch(() => {}); // it could not be started at all: told by ready()
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All it has printed so far. */
  get output(): string {
    return this.#output;
  }

  /** @throws {StartFailed} if it ends instead, or takes too long */
  async ready(): Promise<void> {
    const timer = setTimeout(() => void this.stop('SIGTERM'), START_DEADLINE_MS);
    try {
      await Promise.race([this.printed(READY), this.#endedTooEarly()]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves once it has printed that. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) await once(this.#child, 'printed');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it as `kill PID` does; kills it if that takes too long. */
  async stop(signal: NodeJS.Signals): Promise<Ended> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_DEADLINE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  async #endedTooEarly(): Promise<never> {
    const { code, signal } = await this.ended;
    throw new StartFailed(signal ?? `exit code ${code}`, this.#output);
  }
}
