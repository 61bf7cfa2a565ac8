import type { KeptPolicy, StsStore } from '../sts-policies.ts';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly untilMs: number;
  readonly fetchedMs: number;
}

/** Policies in the memory of a test, by a clock of its own. */
export class MemoryStsStore implements StsStore {
  nowMs = 0;
  readonly #policies = new Map<string, Row>();
  readonly #failures = new Map<string, { readonly id: string; readonly atMs: number; readonly reason: string }>();

  async read(domain: string): Promise<KeptPolicy | null> {
    const row = this.#policies.get(domain);
    const failure = this.#failures.get(domain);
    return {
      policy: row === undefined || row.untilMs <= this.nowMs ? null : row,
      failure: failure === undefined ? null : { id: failure.id, ageMs: this.nowMs - failure.atMs },
    };
  }

  async keep(domain: string, id: string, text: string, maxAgeSeconds: number): Promise<void> {
    this.#failures.delete(domain);
    this.#policies.set(domain, { id, text, fetchedMs: this.nowMs, untilMs: this.nowMs + maxAgeSeconds * 1_000 });
  }

  async keepFailure(domain: string, id: string, reason: string): Promise<void> {
    this.#failures.set(domain, { id, reason, atMs: this.nowMs });
  }

  async takeStale(limit: number) {
    const dayMs = 86_400_000;
    const stale = [...this.#policies].filter(
      ([, row]) => row.fetchedMs + dayMs <= this.nowMs && row.untilMs > this.nowMs,
    );
    return stale.slice(0, limit).map(([domain, { id }]) => ({ domain, id }));
  }
}
