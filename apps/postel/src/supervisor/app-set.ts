import { isDeepStrictEqual } from 'node:util';
import {
  type AppEvent,
  type AppPlan,
  AppStartError,
  ListenError,
  type ListeningSockets,
  type SupervisedApp,
  superviseApp,
} from '@postel/supervision';
import { identifyProcess } from '../data-directory/process-identity.ts';
import type { StartContext } from './start-database.ts';

interface RunningPlan {
  readonly plan: AppPlan;
  readonly app: SupervisedApp;
}

/** The app processes of a server, as the plans say. Plans can change while they run. */
export class AppSet {
  readonly #context: StartContext;
  readonly #sockets: ListeningSockets;
  readonly #logOf: (processName: string) => string | null;
  readonly #running = new Map<string, RunningPlan>();
  readonly #dead = new Set<string>();
  #isStopping = false;

  /** @param logOf the file that a process logs to; `null`: to our own standard error */
  constructor(context: StartContext, sockets: ListeningSockets, logOf: (processName: string) => string | null) {
    this.#context = context;
    this.#sockets = sockets;
    this.#logOf = logOf;
  }

  /**
   * Starts what is planned and does not run, all at once, and resolves when each has said that it is ready.
   * @throws {AppStartError} or {ListenError} if one of them cannot start
   */
  async start(plans: readonly AppPlan[]): Promise<void> {
    this.#sockets.open(addressesOf(plans));
    const apps = plans.map((plan) => this.#launch(plan));
    for (const app of apps) {
      await app.ready.catch((error: unknown) => {
        throw asListenError(error);
      });
    }
  }

  /**
   * Makes what runs as the plans say. What has only other certificates or another log level takes them over; what has other
   * settings is replaced, when its successor is ready; what is not planned any more is stopped.
   *
   * @throws {AppStartError} or {ListenError}; then what was not changed yet goes on as it was
   */
  async apply(plans: readonly AppPlan[]): Promise<void> {
    this.#sockets.open(addressesOf(plans));
    try {
      const added = await this.#change(plans);
      await this.#startAdded(added);
    } catch (error) {
      this.#sockets.keepOnly(addressesOf([...this.#running.values()].map(({ plan }) => plan)));
      throw error;
    }
    const planned = new Set(plans.map(({ settings }) => settings.processName));
    const surplus = [...this.#running.keys()].filter((name) => !planned.has(name));
    this.#sockets.keepOnly(addressesOf(plans));
    await Promise.all(surplus.map((name) => this.#remove(name)));
  }

  /** Whether one of them listens at that port, at whatever address. */
  hasPort(port: number): boolean {
    return addressesOf([...this.#running.values()].map(({ plan }) => plan)).some((address) => address.port === port);
  }

  /** Stops all: their ports close at once, what is in hand has until the deadline. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#sockets.keepOnly([]);
    await Promise.all([...this.#running.values()].map(({ app }) => app.stop()));
  }

  /** Ends what `stop` still waits for. What was promised to anybody is committed. */
  hurry(): void {
    for (const { app } of this.#running.values()) app.hurry();
  }

  /** What runs takes over its new plan. @returns the plans of what does not run */
  async #change(plans: readonly AppPlan[]): Promise<readonly AppPlan[]> {
    const added: AppPlan[] = [];
    for (const plan of plans) {
      const { processName } = plan.settings;
      const running = this.#running.get(processName);
      if (running === undefined) {
        added.push(plan);
        continue;
      }
      if (this.#isStopping) throw new Error('the server is stopping');
      if (canTakeOver(running.plan, plan)) running.app.reload(plan.settings);
      else await running.app.replace(plan);
      this.#running.set(processName, { plan, app: running.app });
    }
    return added;
  }

  /** Those that cannot start are not kept: the next reload tries again. */
  async #startAdded(plans: readonly AppPlan[]): Promise<void> {
    for (const plan of plans) {
      try {
        await this.#launch(plan).ready;
      } catch (error) {
        await this.#remove(plan.settings.processName);
        throw error;
      }
    }
  }

  #launch(plan: AppPlan): SupervisedApp {
    if (this.#isStopping) throw new Error('the server is stopping');
    const { processName } = plan.settings;
    const logFile = this.#logOf(processName);
    const app = superviseApp({
      ...plan,
      sockets: this.#sockets,
      ...(logFile === null ? {} : { logFile }),
      onEvent: (event) => this.#tell(processName, event),
    });
    this.#running.set(processName, { plan, app });
    this.#context.watched.apps.push(app);
    return app;
  }

  async #remove(processName: string): Promise<void> {
    const { watched } = this.#context;
    const removed = this.#running.get(processName);
    if (removed === undefined) return;
    this.#running.delete(processName);
    watched.apps.splice(watched.apps.indexOf(removed.app), 1);
    await removed.app.stop();
    this.#noteApps(processName, null);
  }

  #noteApps(name: string, pid: number | null): void {
    const others = this.#context.taken.run.state.apps.filter((app) => app.name !== name);
    const identity = pid === null ? null : identifyProcess(pid);
    this.#context.taken.run.update({ apps: identity === null ? others : [...others, { name, ...identity }] });
  }

  #tell(name: string, event: AppEvent): void {
    const { watched, report } = this.#context;
    switch (event.type) {
      case 'started':
        this.#noteApps(name, event.pid);
        return;
      case 'ready':
        if (this.#dead.delete(name)) report.step(`${name} works again`);
        else report.step(event.ports.length === 0 ? `${name} runs` : `${name} listens on ${event.ports.join(' and ')}`);
        return;
      case 'failed':
        if (watched.isStarted) report.warn(`${name} cannot start: ${event.failure.message}`);
        return;
      case 'problem':
        report.problem(name, event.line);
        return;
      case 'ended':
        if (event.restartInMs === null) return; // the start as a whole fails, and says why
        this.#dead.add(name);
        report.warn(`${name} died (${event.how}); starting it again in ${event.restartInMs / 1_000} s`);
        return;
      default:
        event satisfies never;
    }
  }
}

function addressesOf(plans: readonly AppPlan[]) {
  return plans.flatMap(({ addresses }) => addresses ?? []);
}

/** Whether there is nothing else in b than what a running process takes over by itself. */
function canTakeOver(a: AppPlan, b: AppPlan): boolean {
  const rest = ({ settings, addresses }: AppPlan) => ({
    settings: { ...settings, certificates: null, logLevel: null },
    addresses,
  });
  return isDeepStrictEqual(rest(a), rest(b));
}

/** A port that another program took between our look and the process's. */
function asListenError(error: unknown): unknown {
  if (!(error instanceof AppStartError)) return error;
  const { code, port, message } = error.failure;
  if (code === null || port === null) return error;
  return new ListenError({ host: '', port }, Object.assign(new Error(message), { code }));
}
