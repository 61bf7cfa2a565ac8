import { type ChildProcess, fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { AppSettings } from '@postel/config';
import { openLog } from './create-log.ts';
import type { InheritedSocket } from './listening-sockets.ts';
import { type AppFailure, type MetricsJson, parseAppMessage, type SupervisorMessage } from './messages.ts';

/** A process of an app did not start. */
export class AppStartError extends Error {
  override readonly name = 'AppStartError';
  readonly app: string;
  readonly failure: AppFailure;

  constructor(app: string, failure: AppFailure) {
    super(`${app} cannot start: ${failure.message}`);
    this.app = app;
    this.failure = failure;
  }
}

export interface AppProcessOptions {
  readonly entry: string;
  readonly settings: AppSettings;
  readonly sockets: readonly InheritedSocket[];
  readonly logFile: string | null;
  readonly environment: NodeJS.ProcessEnv | null;
  readonly onFailure: (failure: AppFailure) => void;
  readonly onProblem: (line: string) => void;
}

/** A little more than the app gives itself. */
const STOP_DEADLINE_MS = 10_000;
const METRICS_DEADLINE_MS = 2_000;

/**
 * Octets that pass through are Buffers, outside the engine's heap. By default a few MB of new ones have all of the heap
 * collected: every 40 ms while bodies were sent. Counted with the heap they wait for the limit of both.
 *
 * Objects that were just made have two spaces of this size (MB). By default they grow to 64 MB together in a burst of logins, say, and
 * a process that rests never gives them back. With 8 nothing was seen to take more CPU; with 4 FETCH of many bodies took a fifth more.
 */
const YOUNG_SPACE = '--max-semi-space-size';
const NODE_FLAGS = ['--external-memory-accounted-in-global-limit', `${YOUNG_SPACE}=8`];

/** Where a child finds what it inherits: behind its standard streams and the channel to us. */
const FIRST_INHERITED_FD = 4;
const STANDARD_ERROR = 2;

/** One process of an app, from its start to its end. */
export class AppProcess {
  /**
   * The ports it listens on.
   * @throws {AppStartError} if it says that it cannot, or ends before
   */
  readonly ready: Promise<readonly number[]>;
  /** How it ended: a signal, or its exit code. */
  readonly ended: Promise<string>;
  isReady = false;
  readonly #name: string;
  readonly #options: AppProcessOptions;
  readonly #child: ChildProcess;
  readonly #becomesReady = Promise.withResolvers<readonly number[]>();
  readonly #ends = Promise.withResolvers<string>();
  readonly #metricsAsked = new Map<number, (metrics: MetricsJson | null) => void>();
  #nextMetricsId = 1;
  #stopping: Promise<void> | null = null;

  constructor(options: AppProcessOptions) {
    this.#name = options.settings.processName;
    this.#options = options;
    this.ready = this.#becomesReady.promise;
    this.ready.catch(() => {}); // asked for by who wants to know
    this.ended = this.#ends.promise;
    this.#child = this.#fork();
    this.#child.on('message', (value) => this.#receive(value));
    this.#child.once('error', (error) => this.#ended(error.message)); // it could not be started at all
    this.#child.once('exit', (code, signal) => this.#ended(signal ?? `exit code ${code}`));
    const sockets = options.sockets.map((socket, i) => ({ ...socket, fd: FIRST_INHERITED_FD + i }));
    this.#send({ type: 'start', settings: options.settings, sockets });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  reload(settings: AppSettings): void {
    this.#send({ type: 'reload', settings });
  }

  metrics(): Promise<MetricsJson | null> {
    if (!this.isReady) return Promise.resolve(null);
    const id = this.#nextMetricsId++;
    const { promise, resolve } = Promise.withResolvers<MetricsJson | null>();
    const answer = (metrics: MetricsJson | null) => {
      clearTimeout(timer);
      this.#metricsAsked.delete(id);
      resolve(metrics);
    };
    const timer = setTimeout(answer, METRICS_DEADLINE_MS, null);
    this.#metricsAsked.set(id, answer);
    this.#send({ type: 'metrics', id });
    return promise;
  }

  /** Asks it to stop, kills it at the deadline, and resolves when it is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #stop(): Promise<void> {
    const timer = setTimeout(() => this.kill(), STOP_DEADLINE_MS);
    this.#send({ type: 'stop' });
    await this.ended;
    clearTimeout(timer);
  }

  #fork(): ChildProcess {
    const { entry, logFile, sockets, environment } = this.#options;
    const { NODE_OPTIONS: nodeOptions = '' } = environment ?? process.env;
    const log: number | 'ignore' = logFile === null ? STANDARD_ERROR : openLog(logFile);
    const child = fork(entry, [], {
      // An operator who says otherwise is right, though Node would have its command line win.
      execArgv: NODE_FLAGS.filter((flag) => !(flag.startsWith(YOUNG_SPACE) && nodeOptions.includes(YOUNG_SPACE))),
      stdio: ['ignore', log, log, 'ipc', ...sockets.map(({ fd }) => fd)],
      ...(environment === null ? {} : { env: environment }),
    });
    if (logFile !== null && log !== 'ignore') closeSync(log);
    return child;
  }

  #receive(value: unknown): void {
    const message = parseAppMessage(value);
    switch (message?.type) {
      case 'ready':
        this.isReady = true;
        this.#becomesReady.resolve(message.ports);
        return;
      case 'failed':
        this.#options.onFailure(message.failure);
        this.#becomesReady.reject(new AppStartError(this.#name, message.failure));
        return;
      case 'metrics':
        this.#metricsAsked.get(message.id)?.(message.metrics);
        return;
      case 'problem':
        this.#options.onProblem(message.line);
        return;
      case undefined:
        return;
      default:
        message satisfies never;
    }
  }

  #ended(how: string): void {
    this.isReady = false;
    for (const answer of this.#metricsAsked.values()) answer(null);
    const { logFile } = this.#options;
    const message = `its process ended (${how})${logFile === null ? '' : `; see ${logFile}`}`;
    this.#becomesReady.reject(new AppStartError(this.#name, { message, code: null, port: null }));
    this.#ends.resolve(how);
  }

  #send(message: SupervisorMessage): void {
    // A channel that closes meanwhile is followed by 'exit', which is where that is dealt with.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
