import { type ChildProcess, fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { AppSettings } from '@postel/config';
import { openLog } from './create-log.ts';
import { type AppFailure, type MetricsJson, parseAppMessage, type SupervisorMessage } from './messages.ts';
import { RestartBackOff } from './restart-back-off.ts';

export interface SuperviseOptions {
  /** The app's main.ts. */
  readonly entry: string;
  /** Sent to the process as its first message, each time it starts. */
  readonly settings: AppSettings;
  /** Its standard output and error are appended here: its JSON log, and what a crash of Node itself prints. */
  readonly logFile: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onEvent?: (event: AppEvent) => void;
}

export type AppEvent =
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ready'; readonly ports: readonly number[] }
  | { readonly type: 'failed'; readonly failure: AppFailure }
  /** A log line of level error or above. */
  | { readonly type: 'problem'; readonly line: string }
  /** It ended unasked, and starts again after `restartInMs`; `null`: it had never been ready, and does not. */
  | { readonly type: 'ended'; readonly how: string; readonly restartInMs: number | null };

/** The first start of an app did not succeed. */
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

export interface SupervisedApp {
  readonly name: string;
  /**
   * The ports it listens on, once it is ready for the first time.
   * @throws {AppStartError} if that first start fails; there is no second one then
   */
  readonly ready: Promise<readonly number[]>;
  readonly isReady: boolean;
  /** The process, if there is one at the moment. */
  readonly pid: number | null;
  /** How often it was started again. */
  readonly restarts: number;
  /** Its metrics, or `null` if it is not ready or does not answer in time. */
  metrics(): Promise<MetricsJson | null>;
  /** Stops it: gracefully, and by SIGKILL at the deadline. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/** A little more than the app gives itself. */
const STOP_DEADLINE_MS = 10_000;
const METRICS_DEADLINE_MS = 2_000;

/** Starts an app process and keeps it running: one that dies after it was ready is started again, with back-off. */
export function superviseApp(options: SuperviseOptions): SupervisedApp {
  const app = new AppSupervisor(options);
  app.start();
  return app;
}

class AppSupervisor implements SupervisedApp {
  readonly name: string;
  readonly ready: Promise<readonly number[]>;
  isReady = false;
  restarts = 0;
  readonly #options: SuperviseOptions;
  readonly #firstReady = Promise.withResolvers<readonly number[]>();
  readonly #backOff = new RestartBackOff();
  readonly #metricsAsked = new Map<number, (metrics: MetricsJson | null) => void>();
  #nextMetricsId = 1;
  #child: ChildProcess | null = null;
  #hasBeenReady = false;
  #failure: AppFailure | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: SuperviseOptions) {
    this.name = options.settings.processName;
    this.#options = options;
    this.ready = this.#firstReady.promise;
    // Whoever starts several apps awaits them one after another: a failure must not count as unhandled until then.
    this.ready.catch(() => {});
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    this.#failure = null;
    const log = openLog(this.#options.logFile);
    const child = fork(this.#options.entry, [], {
      execArgv: [],
      stdio: ['ignore', log, log, 'ipc'],
      ...(this.#options.environment === undefined ? {} : { env: this.#options.environment }),
    });
    if (log !== 'ignore') closeSync(log);
    this.#child = child;
    child.on('message', (value) => this.#receive(value));
    child.once('error', (error) => this.#ended(child, error.message)); // it could not be started at all
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
    this.#send({ type: 'start', settings: this.#options.settings });
    if (child.pid !== undefined) this.#tell({ type: 'started', pid: child.pid });
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

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    this.#send({ type: 'stop' });
    await gone;
    clearTimeout(timer);
  }

  #receive(value: unknown): void {
    const message = parseAppMessage(value);
    switch (message?.type) {
      case 'ready':
        this.isReady = true;
        this.#hasBeenReady = true;
        this.#backOff.started();
        this.#tell({ type: 'ready', ports: message.ports });
        this.#firstReady.resolve(message.ports);
        return;
      case 'failed':
        this.#failure = message.failure;
        this.#tell({ type: 'failed', failure: message.failure });
        if (!this.#hasBeenReady) this.#firstReady.reject(new AppStartError(this.name, message.failure));
        return;
      case 'metrics':
        this.#metricsAsked.get(message.id)?.(message.metrics);
        return;
      case 'problem':
        this.#tell({ type: 'problem', line: message.line });
        return;
      case undefined:
        return;
      default:
        message satisfies never;
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.isReady = false;
    for (const answer of this.#metricsAsked.values()) answer(null);
    if (this.#stopping === null) this.#endedUnasked(how);
    else this.#firstReady.reject(new AppStartError(this.name, { message: 'it was stopped', code: null, port: null }));
  }

  #endedUnasked(how: string): void {
    if (!this.#hasBeenReady) {
      this.#tell({ type: 'ended', how, restartInMs: null });
      const failure = this.#failure ?? {
        message: `its process ended (${how}); see ${this.#options.logFile}`,
        code: null,
        port: null,
      };
      this.#firstReady.reject(new AppStartError(this.name, failure));
      return;
    }
    const restartInMs = this.#backOff.ended();
    this.#tell({ type: 'ended', how, restartInMs });
    this.#restartTimer = setTimeout(() => {
      this.restarts++;
      this.start();
    }, restartInMs);
  }

  #send(message: SupervisorMessage): void {
    // A channel that closes meanwhile is followed by 'exit', which is where that is dealt with.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #tell(event: AppEvent): void {
    this.#options.onEvent?.(event);
  }
}
