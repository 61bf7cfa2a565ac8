/** What is counted, how far, and how fast it is forgiven. */
export interface CountLimit {
  readonly limit: number;
  /** One of it is forgiven after so long. */
  readonly intervalMs: number;
}

/**
 * Counts that go down by themselves, by one in each interval. All that is kept of a count is when it will be 0 again, so what
 * passes the limit is paid for in full: whoever fails 100 times at once waits for 100 intervals.
 */
export class DecayingCounts {
  /** In ms of the clock; the order of the map is the order of change. */
  readonly #emptyAt = new Map<string, number>();
  readonly #now: () => number;
  readonly #maxEntries: number;

  /** @param options.maxEntries beyond it the one that was changed longest ago is forgotten */
  constructor(options: { readonly maxEntries: number; readonly now: () => number }) {
    this.#now = options.now;
    this.#maxEntries = options.maxEntries;
  }

  /** How long until the count is 0. */
  leftMs(name: string): number {
    const emptyAt = this.#emptyAt.get(name);
    if (emptyAt === undefined) return 0;
    const leftMs = emptyAt - this.#now();
    if (leftMs > 0) return leftMs;
    this.#emptyAt.delete(name);
    return 0;
  }

  /** How long until there is room for one more; 0: there is. */
  waitMs(name: string, { limit, intervalMs }: CountLimit): number {
    return Math.max(0, this.leftMs(name) - (limit - 1) * intervalMs);
  }

  /** The count by its limit: from 1 on there is no room. */
  fullness(name: string, { limit, intervalMs }: CountLimit): number {
    return this.leftMs(name) / (limit * intervalMs);
  }

  add(name: string, ms: number): void {
    this.set(name, this.leftMs(name) + ms);
  }

  set(name: string, leftMs: number): void {
    this.#emptyAt.delete(name);
    this.#emptyAt.set(name, this.#now() + leftMs);
    if (this.#emptyAt.size <= this.#maxEntries) return;
    const [oldest] = this.#emptyAt.keys();
    if (oldest !== undefined) this.#emptyAt.delete(oldest);
  }

  get size(): number {
    return this.#emptyAt.size;
  }

  /** Those that are not 0. */
  *names(): Generator<string> {
    for (const name of [...this.#emptyAt.keys()]) {
      if (this.leftMs(name) > 0) yield name;
    }
  }
}
