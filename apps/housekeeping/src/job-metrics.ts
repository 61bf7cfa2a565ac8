import { Counter, Gauge, type Registry } from '@postel/supervision';

/** What an operator watches of the jobs. */
export class JobMetrics {
  readonly #lastSuccess: Gauge<'job'>;
  readonly #duration: Gauge<'job'>;
  readonly #failures: Counter<'job'>;
  readonly #items: Counter<'job' | 'what'>;
  readonly #left: Gauge<'job' | 'what'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#lastSuccess = new Gauge({
      name: 'postel_housekeeping_last_success_timestamp_seconds',
      help: 'When the job was last done, by whichever host.',
      labelNames: ['job'],
      registers,
    });
    this.#duration = new Gauge({
      name: 'postel_housekeeping_duration_seconds',
      help: 'How long the job took when it was last done here.',
      labelNames: ['job'],
      registers,
    });
    this.#failures = new Counter({
      name: 'postel_housekeeping_failures_total',
      help: 'How often the job failed here.',
      labelNames: ['job'],
      registers,
    });
    this.#items = new Counter({
      name: 'postel_housekeeping_items_total',
      help: 'What the job dealt with here: rows, or blobs.',
      labelNames: ['job', 'what'],
      registers,
    });
    this.#left = new Gauge({
      name: 'postel_housekeeping_left',
      help: 'What there was left for the job to do when it was last done here.',
      labelNames: ['job', 'what'],
      registers,
    });
  }

  noteLeft(job: string, figures: Readonly<Record<string, number>>): void {
    for (const [what, count] of Object.entries(figures)) this.#left.set({ job, what }, count);
  }

  /** @param agoMs since it was done */
  noteSuccess(job: string, agoMs: number): void {
    this.#lastSuccess.set({ job }, (Date.now() - agoMs) / 1_000);
    this.#failures.inc({ job }, 0); // so that it is there from the beginning
  }

  noteWork(job: string, seconds: number, figures: Readonly<Record<string, number>>): void {
    this.#duration.set({ job }, seconds);
    for (const [what, count] of Object.entries(figures)) this.#items.inc({ job, what }, count);
  }

  noteFailure(job: string): void {
    this.#failures.inc({ job });
  }
}
