import type { Address, AppSettings } from '@postel/config';
import { AppProcess, AppStartError } from './app-process.ts';
import type { ListeningSockets } from './listening-sockets.ts';
import type { AppFailure, MetricsJson } from './messages.ts';
import { RestartBackOff } from './restart-back-off.ts';

/** An app process to be started. */
export interface AppPlan {
  /** The app's main.ts. */
  readonly entry: string;
  /** Sent to the process as its first message, each time it starts. */
  readonly settings: AppSettings;
  /** Where it listens: its sockets are open already. Without any, it opens its own. */
  readonly addresses?: readonly Address[];
}

export interface SuperviseOptions extends AppPlan {
  /** Where the sockets of `addresses` are. */
  readonly sockets?: ListeningSockets;
  /**
   * Its standard output and error are appended here: its JSON log, and what a crash of Node itself prints. Without one,
   * they are our standard error.
   */
  readonly logFile?: string;
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
  /** Tells the process to read its certificates anew, or others. */
  reload(settings: AppSettings): void;
  /**
   * Starts a process with other settings, and stops the one there is when the new one is ready. They share the sockets, so
   * nobody who connects is refused.
   *
   * @throws {AppStartError} if the new one does not start; then the one there is goes on
   */
  replace(plan: AppPlan): Promise<void>;
  /** Its metrics, or `null` if it is not ready or does not answer in time. */
  metrics(): Promise<MetricsJson | null>;
  /** Stops it: gracefully, and by SIGKILL at the deadline. Resolves when the process is gone. */
  stop(): Promise<void>;
  /** Ends what `stop` still waits for, at once. */
  hurry(): void;
}

/** Starts an app process and keeps it running: one that dies after it was ready is started again, with back-off. */
export function superviseApp(options: SuperviseOptions): SupervisedApp {
  const app = new AppSupervisor(options);
  app.start();
  return app;
}

const STOPPED: AppFailure = { message: 'it was stopped', code: null, port: null };

class AppSupervisor implements SupervisedApp {
  readonly name: string;
  readonly ready: Promise<readonly number[]>;
  restarts = 0;
  #options: SuperviseOptions;
  readonly #firstReady = Promise.withResolvers<readonly number[]>();
  readonly #backOff = new RestartBackOff();
  #current: AppProcess | null = null;
  /** Those that another one is replacing or has replaced. They are of interest only until they are gone. */
  readonly #others = new Set<AppProcess>();
  #hasBeenReady = false;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: SuperviseOptions) {
    this.name = options.settings.processName;
    this.#options = options;
    this.ready = this.#firstReady.promise;
    // Whoever starts several apps awaits them one after another: a failure must not count as unhandled until then.
    this.ready.catch(() => {});
  }

  get isReady(): boolean {
    return this.#current?.isReady ?? false;
  }

  get pid(): number | null {
    return this.#current?.pid ?? null;
  }

  start(): void {
    const child = this.#launch(this.#options);
    this.#current = child;
    if (child.pid !== null) this.#tell({ type: 'started', pid: child.pid });
    child.ready.then((ports) => this.#becameReady(ports), ignore);
    void child.ended.then((how) => this.#ended(child, how));
  }

  reload(settings: AppSettings): void {
    this.#options = { ...this.#options, settings };
    this.#current?.reload(settings);
  }

  async replace(plan: AppPlan): Promise<void> {
    if (this.#stopping !== null) throw new AppStartError(this.name, STOPPED);
    const options = { ...this.#options, ...plan };
    const next = this.#launch(options);
    this.#others.add(next);
    void next.ended.then(() => this.#others.delete(next));
    let ports: readonly number[];
    try {
      ports = await next.ready;
    } catch (error) {
      await next.ended;
      throw error;
    }
    if (this.#stopping !== null) return;
    this.#options = options;
    this.#retire();
    this.#others.delete(next);
    this.#current = next;
    void next.ended.then((how) => this.#ended(next, how));
    if (next.pid !== null) this.#tell({ type: 'started', pid: next.pid });
    this.#becameReady(ports);
  }

  metrics(): Promise<MetricsJson | null> {
    return this.#current?.metrics() ?? Promise.resolve(null);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  hurry(): void {
    this.#current?.kill();
    for (const other of this.#others) other.kill();
  }

  async #stop(): Promise<void> {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    await Promise.all([this.#current?.stop(), ...[...this.#others].map((other) => other.stop())]);
  }

  #launch({ entry, settings, addresses = [], sockets, logFile, environment }: SuperviseOptions): AppProcess {
    const inherited = addresses.map((address) => ({ ...address, fd: sockets?.descriptor(address) ?? -1 }));
    return new AppProcess({
      entry,
      settings,
      sockets: inherited,
      logFile: logFile ?? null,
      environment: environment ?? null,
      onFailure: (failure) => this.#tell({ type: 'failed', failure }),
      onProblem: (line) => this.#tell({ type: 'problem', line }),
    });
  }

  /** Its successor is there, or it waits to be started again, which its successor makes needless. */
  #retire(): void {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    const child = this.#current;
    if (child === null) return;
    this.#others.add(child);
    void child.ended.then(() => this.#others.delete(child));
    void child.stop();
  }

  #becameReady(ports: readonly number[]): void {
    this.#hasBeenReady = true;
    this.#backOff.started();
    this.#tell({ type: 'ready', ports });
    this.#firstReady.resolve(ports);
  }

  #ended(child: AppProcess, how: string): void {
    if (this.#current !== child) return;
    this.#current = null;
    if (this.#stopping !== null) {
      this.#firstReady.reject(new AppStartError(this.name, STOPPED));
    } else if (this.#hasBeenReady) {
      this.#restartLater(how);
    } else {
      this.#tell({ type: 'ended', how, restartInMs: null });
      child.ready.catch((error: unknown) => this.#firstReady.reject(error));
    }
  }

  #restartLater(how: string): void {
    const restartInMs = this.#backOff.ended();
    this.#tell({ type: 'ended', how, restartInMs });
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      this.restarts++;
      this.start();
    }, restartInMs);
  }

  #tell(event: AppEvent): void {
    this.#options.onEvent?.(event);
  }
}

function ignore(): void {}
