import { DecayingCounts } from './decaying-counts.ts';
import type { FailureStore, StoredCount } from './failure-store.ts';

const MAX_SCOPES = 50_000;
const FLUSH_MS = 150;
const FLUSH_AGAIN_MS = 1_000;
const REFRESH_MS = 1_000;
/** What was changed before the last reading, and committed after it, is read with the next: so much is read twice. */
const OVERLAP_MS = 10_000;

export interface FailureCountsOptions {
  readonly store: FailureStore;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * Counts of failures, of this process at once, of all others after a second. What this process adds is written in batches. What
 * others did is read by the first login after a second, in one query for all that come meanwhile; a process without logins asks
 * nothing.
 */
export class FailureCounts {
  readonly counts: DecayingCounts;
  readonly #options: FailureCountsOptions;
  readonly #unsent = new Map<string, number>();
  /** When each was cleared last, as far as this process knows. */
  readonly #clearedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | null = null;

  constructor(options: FailureCountsOptions) {
    this.#options = options;
    this.counts = new DecayingCounts({ maxEntries: MAX_SCOPES, now: options.now });
  }

  add(scope: string, ms: number): void {
    this.counts.add(scope, ms);
    if (this.#unsent.size < MAX_SCOPES || this.#unsent.has(scope)) {
      this.#unsent.set(scope, (this.#unsent.get(scope) ?? 0) + ms);
    }
    this.#flushAfter(FLUSH_MS);
  }

  /** Learns of what others did, if that was not a moment ago. What cannot be read is read the next time. */
  refresh(): Promise<void> {
    if (this.#options.now() - this.#refreshedAt < REFRESH_MS) return Promise.resolve();
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Writes what is not written yet. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  #flushAfter(ms: number): void {
    this.#timer ??= setTimeout(() => void this.flush(), ms).unref();
  }

  async #write(): Promise<void> {
    if (this.#unsent.size === 0) return;
    const batch = new Map(this.#unsent);
    this.#unsent.clear();
    try {
      for (const count of await this.#options.store.add(batch)) this.#learn(count);
    } catch (error) {
      this.#options.onError(error);
      for (const [scope, ms] of batch) this.#unsent.set(scope, (this.#unsent.get(scope) ?? 0) + ms);
      this.#flushAfter(FLUSH_AGAIN_MS);
    }
  }

  async #read(): Promise<void> {
    const { store, now, onError } = this.#options;
    const startedAt = now();
    try {
      const counts = await store.readChanged(startedAt - this.#refreshedAt + OVERLAP_MS);
      this.#refreshedAt = startedAt;
      for (const count of counts.toReversed()) this.#learn(count);
    } catch (error) {
      onError(error);
    }
  }

  /**
   * Both only ever rise by failures and fall with the time, so the higher one has seen more; unless somebody has cleared the
   * count, which whoever knows of it cannot unlearn from an older answer.
   */
  #learn({ scope, leftMs: storedMs, clearedAt }: StoredCount): void {
    const known = this.#clearedAt.get(scope) ?? Number.NEGATIVE_INFINITY;
    const cleared = clearedAt ?? Number.NEGATIVE_INFINITY;
    if (cleared < known) return;
    const leftMs = Math.max(0, storedMs) + (this.#unsent.get(scope) ?? 0);
    if (cleared > known) this.#rememberClearing(scope, cleared);
    if (cleared > known || leftMs > this.counts.leftMs(scope)) this.counts.set(scope, leftMs);
  }

  #rememberClearing(scope: string, clearedAt: number): void {
    this.#clearedAt.delete(scope);
    this.#clearedAt.set(scope, clearedAt);
    if (this.#clearedAt.size <= MAX_SCOPES) return;
    const [oldest] = this.#clearedAt.keys();
    if (oldest !== undefined) this.#clearedAt.delete(oldest);
  }
}
