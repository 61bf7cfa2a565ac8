import { Counter, Gauge, Registry, renderMetrics, type SupervisedApp } from '@postel/supervision';
import type { EmbeddedPostgres } from '../postgres/embedded-postgres.ts';
import type { Health } from './status-server.ts';

/** What the supervisor keeps running, and can be asked about while it starts, runs and stops. */
export class WatchedProcesses {
  readonly apps: SupervisedApp[] = [];
  postgres: EmbeddedPostgres | null = null;
  /** Becomes true when everything has been ready for the first time. */
  isStarted = false;
  /** How many accounts take no change until `postel recover`. */
  rewoundAccounts = 0;
  readonly #registry = new Registry();
  readonly #up = new Gauge({
    name: 'postel_process_up',
    help: 'Whether the process is ready: 1 or 0.',
    labelNames: ['process'],
    registers: [this.#registry],
  });
  readonly #restarts = new Counter({
    name: 'postel_process_restarts_total',
    help: 'How often the process died and was started again.',
    labelNames: ['process'],
    registers: [this.#registry],
  });
  readonly #rewound = new Gauge({
    name: 'postel_rewound_accounts',
    help: 'Accounts whose database went back in time, and which take no change until `postel recover`.',
    registers: [this.#registry],
  });

  /** @param database what the database itself answers */
  health(database: string): Health {
    const parts = Object.fromEntries([
      ...this.apps.map(({ name, isReady }) => [name, isReady ? 'ready' : 'not running']),
      ['database', database],
    ]);
    const isHealthy = this.isStarted && Object.values(parts).every((part) => part === 'ready');
    return { isHealthy, parts };
  }

  /** Metrics of the supervisor and of its app processes, as one Prometheus text. */
  async metrics(): Promise<string> {
    this.#up.reset();
    this.#restarts.reset();
    this.#rewound.set(this.rewoundAccounts);
    const { apps, postgres } = this;
    for (const { name, isReady, restarts } of apps) this.#note(name, isReady, restarts);
    if (postgres !== null) this.#note('postgres', postgres.isReady, postgres.restarts);
    const answers = await Promise.all(apps.map(async (app) => ({ process: app.name, metrics: await app.metrics() })));
    const parts = answers.map(({ process, metrics }) => ({ process, metrics: metrics ?? [] }));
    return `${await this.#registry.metrics()}\n${await renderMetrics(parts)}`;
  }

  #note(process: string, isReady: boolean, restarts: number): void {
    this.#up.set({ process }, isReady ? 1 : 0);
    this.#restarts.inc({ process }, restarts);
  }
}
