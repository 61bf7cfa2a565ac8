import { flushCompileCache } from 'node:module';
import type { AppSettings, LogLevel } from '@postel/config';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { collectStartUp } from './collect-start-up.ts';
import { createLog } from './create-log.ts';
import { noteInherited } from './listen-on.ts';
import { type AppFailure, type AppMessage, parseSupervisorMessage } from './messages.ts';
import { ProblemReporter } from './problem-reporter.ts';

/** What a started app gives back. */
export interface RunningApp<Settings extends AppSettings = AppSettings> {
  /** The ports it listens on, in the order of its settings. */
  readonly ports?: readonly number[];
  /** Takes over certificates that have changed. What it throws is logged; the app goes on with what it had. */
  reload?(settings: Settings): Promise<void>;
  /** Ends the work in hand, closes listeners, connections and the database. */
  stop(): Promise<void>;
}

export interface AppContext {
  readonly log: Logger;
  /** Register the app's metrics here; the supervisor collects them. */
  readonly metrics: Registry;
}

export interface AppDefinition<Settings extends AppSettings> {
  readonly name: string;
  /** Reads the settings that the supervisor sent. Throws an error that names what is wrong. */
  parseSettings(value: unknown): Settings;
  /** Resolves once every listener listens. Throws, for instance EADDRINUSE as `listen` gives it, if it cannot. */
  start(settings: Settings, context: AppContext): Promise<RunningApp<Settings>>;
}

const DEFAULT_LEVEL: LogLevel = 'info';

/** How long `stop` may take before the process ends without it. Below the supervisor's own deadline. */
const STOP_DEADLINE_MS = 8_000;

/** How long `stop` may take after an error nobody caught: what it finds may be half done. */
const FATAL_DEADLINE_MS = 1_000;

/**
 * The whole life of an app process. Waits for the settings, starts, says `ready` or `failed`, and stops on the
 * supervisor's word, on SIGTERM, or when the supervisor is gone (the channel closes, also after a kill -9).
 *
 * SIGINT and SIGHUP reach the whole terminal's group; the supervisor decides what they mean.
 */
export function runApp<Settings extends AppSettings>(app: AppDefinition<Settings>): void {
  if (process.send === undefined) {
    console.error(`This is the ${app.name} process of Postel, which the supervisor starts: npx postel serve`);
    process.exitCode = 1;
    return;
  }
  process.title = `postel ${app.name}`;
  new AppProcess(app).listen();
}

/** Sends to the supervisor, unless it is gone. */
function say(message: AppMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

class AppProcess<Settings extends AppSettings> {
  readonly #app: AppDefinition<Settings>;
  readonly #problems = new ProblemReporter((line) => say({ type: 'problem', line }));
  readonly #metrics = new Registry();
  #log: Logger;
  #starting: Promise<RunningApp<Settings> | null> = Promise.resolve(null);
  #isStopping = false;
  #hasFatalError = false;

  constructor(app: AppDefinition<Settings>) {
    this.#app = app;
    this.#log = this.#createLog(app.name);
  }

  listen(): void {
    process.on('SIGINT', () => {});
    process.on('SIGHUP', () => {});
    process.once('SIGTERM', () => this.#stop('SIGTERM', STOP_DEADLINE_MS));
    process.once('disconnect', () => this.#stop('the supervisor is gone', STOP_DEADLINE_MS));
    process.on('uncaughtException', (error, origin) => this.#fatal(error, origin));
    process.on('message', (value) => {
      const message = parseSupervisorMessage(value);
      switch (message?.type) {
        case 'start':
          noteInherited(message.sockets);
          this.#starting = this.#start(message.settings);
          return;
        case 'reload':
          void this.#reload(message.settings);
          return;
        case 'stop':
          this.#stop('the supervisor asked', STOP_DEADLINE_MS);
          return;
        case 'metrics':
          void this.#answerMetrics(message.id);
          return;
        case undefined:
          return;
        default:
          message satisfies never;
      }
    });
  }

  async #start(value: unknown): Promise<RunningApp<Settings> | null> {
    try {
      const settings = this.#app.parseSettings(value);
      process.title = `postel ${settings.processName}`;
      this.#log = this.#createLog(settings.processName, settings.logLevel);
      collectDefaultMetrics({ register: this.#metrics });
      const running = await this.#app.start(settings, { log: this.#log, metrics: this.#metrics });
      const ports = running.ports ?? [];
      collectStartUp(); // now, while nobody waits for an answer
      this.#log.info({ ports }, 'ready');
      say({ type: 'ready', ports });
      flushCompileCache(); // a later kill -9 must not cost the next start its cache
      return running;
    } catch (error) {
      // The supervisor tells the person; as a problem it would be told twice.
      this.#log.warn({ err: error }, 'cannot start');
      say({ type: 'failed', failure: describeFailure(error) });
      process.exitCode = 1;
      this.#stop('it cannot start', FATAL_DEADLINE_MS);
      return null;
    }
  }

  async #reload(value: unknown): Promise<void> {
    try {
      const running = await this.#starting;
      const settings = this.#app.parseSettings(value);
      this.#log.level = settings.logLevel ?? DEFAULT_LEVEL;
      await running?.reload?.(settings);
      this.#log.info('took over the new settings');
    } catch (error) {
      this.#log.error({ err: error }, 'cannot take over the new settings: going on with the old ones');
    }
  }

  #stop(reason: string, deadlineMs: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log.info({ reason }, 'stopping');
    endAfter(deadlineMs, this.#log);
    // Not from inside #start: there #starting is not yet what it will be.
    setImmediate(() => void this.#finish());
  }

  async #finish(): Promise<void> {
    try {
      const running = await this.#starting;
      await running?.stop();
      this.#log.info('stopped');
    } catch (error) {
      this.#log.error({ err: error }, 'did not stop cleanly');
      process.exitCode = 1;
    }
    if (process.connected) process.disconnect?.();
    process.removeAllListeners('message');
  }

  #fatal(error: unknown, origin: string): void {
    if (this.#hasFatalError) endNow();
    this.#hasFatalError = true;
    process.exitCode = 1;
    this.#log.fatal({ err: error, origin }, 'an error nobody caught: ending');
    if (this.#isStopping) endAfter(FATAL_DEADLINE_MS, this.#log);
    else this.#stop('an error nobody caught', FATAL_DEADLINE_MS);
  }

  async #answerMetrics(id: number): Promise<void> {
    say({ type: 'metrics', id, metrics: await this.#metrics.getMetricsAsJSON() });
  }

  #createLog(name: string, level: LogLevel = DEFAULT_LEVEL): Logger {
    return createLog({ name, level, onProblem: (line) => this.#problems.add(line) });
  }
}

/** Ends the process if something still holds it when the time is over. */
function endAfter(deadlineMs: number, log: Logger): void {
  setTimeout(() => {
    log.warn({ heldBy: process.getActiveResourcesInfo() }, 'ending at the deadline');
    endNow();
  }, deadlineMs).unref();
}

/** At once, and surely: process.exit() was seen to hang on Node 26. What was promised is committed by now. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

function describeFailure(error: unknown): AppFailure {
  if (!(error instanceof Error)) return { message: String(error), code: null, port: null };
  const { message } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const port = 'port' in error && typeof error.port === 'number' ? error.port : null;
  return { message, code, port };
}
