import { setTimeout as wait } from 'node:timers/promises';
import type { JobTurns } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import type { Job, JobContext } from './job.ts';
import type { JobMetrics } from './job-metrics.ts';

/** While another host is at a job. */
const ASK_AGAIN_MS = 60_000;
/** After a failure, doubling up to the job's interval. */
const FIRST_RETRY_MS = 30_000;
const LEAST_PAUSE_MS = 1_000;

export interface JobRunnerOptions {
  readonly jobs: readonly Job[];
  readonly turns: Pick<JobTurns, 'run'>;
  readonly context: Omit<JobContext, 'log' | 'signal' | 'tellLeft'>;
  readonly log: Logger;
  readonly metrics: JobMetrics;
}

/** Does each job in its time, until it is stopped. What fails is tried again later, and ends nothing. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = Promise.all(this.#options.jobs.map((job) => this.#repeat(job)));
  }

  /** Waits for the slices in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    await this.#running;
  }

  async #repeat(job: Job): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      let pauseMs: number;
      try {
        pauseMs = await this.#runIfDue(job);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = Math.min(FIRST_RETRY_MS * 2 ** failures++, job.everyMs);
        this.#options.metrics.noteFailure(job.name);
        this.#options.log.warn({ err: error, job: job.name, againInSeconds: pauseMs / 1_000 }, 'a job failed');
      }
      await wait(Math.max(pauseMs, LEAST_PAUSE_MS), undefined, { signal }).catch(() => {}); // at the end
    }
  }

  /** @returns after how many ms to look again */
  async #runIfDue(job: Job): Promise<number> {
    const { turns, metrics } = this.#options;
    const dueMs = await turns.run(job.name, job.everyMs, (lost) => this.#run(job, lost));
    if (dueMs === null) return ASK_AGAIN_MS;
    metrics.noteSuccess(job.name, job.everyMs - dueMs);
    return dueMs;
  }

  async #run(job: Job, lost: AbortSignal): Promise<void> {
    const { context, log, metrics } = this.#options;
    const startedAt = performance.now();
    const signal = AbortSignal.any([lost, this.#stopping.signal]);
    const figures = await job.run({ ...context, log, signal, tellLeft: (left) => metrics.noteLeft(job.name, left) });
    const seconds = (performance.now() - startedAt) / 1_000;
    metrics.noteWork(job.name, seconds, figures);
    const hasDone = Object.values(figures).some((count) => count > 0);
    if (hasDone) log.info({ job: job.name, ...figures, seconds }, 'a job is done');
  }
}
