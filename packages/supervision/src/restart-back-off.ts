const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 30_000;

/** A process that ran so long is healthy: what ends it then is a new event, not the old one again. */
const HEALTHY_AFTER_MS = 60_000;

/** How long to wait before a process that died is started again: doubling, until one of them lives long enough. */
export class RestartBackOff {
  readonly #now: () => number;
  #delayMs = FIRST_DELAY_MS;
  #startedAt: number | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The process works. */
  started(): void {
    this.#startedAt = this.#now();
  }

  /** The process is gone. @returns the delay before the next start, in milliseconds */
  ended(): number {
    const wasHealthy = this.#startedAt !== null && this.#now() - this.#startedAt >= HEALTHY_AFTER_MS;
    if (wasHealthy) this.#delayMs = FIRST_DELAY_MS;
    this.#startedAt = null;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    return delayMs;
  }
}
