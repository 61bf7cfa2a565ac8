import { RECENT_STS_DOMAINS, RECENT_STS_MS } from './limits.ts';
import type { KeptStsPolicy, StsPolicyTable } from './sts-policy-table.ts';

interface Recent {
  readonly answer: Promise<KeptStsPolicy | null>;
  readonly sinceMs: number;
}

/** The table of MTA-STS policies for who asks it at every message: what it said a moment ago holds. */
export class RecentStsPolicies implements Pick<StsPolicyTable, keyof StsPolicyTable> {
  readonly #table: StsPolicyTable;
  readonly #now: () => number;
  /** By domain, the oldest first. */
  readonly #recent = new Map<string, Recent>();

  /** @param now milliseconds, of a clock that only goes forward */
  constructor(table: StsPolicyTable, now: () => number = () => performance.now()) {
    this.#table = table;
    this.#now = now;
  }

  async read(domain: string): Promise<KeptStsPolicy | null> {
    const known = this.#recent.get(domain);
    if (known !== undefined && this.#now() - known.sinceMs < RECENT_STS_MS) return await known.answer;
    const answer = this.#table.read(domain);
    this.#recent.delete(domain);
    this.#recent.set(domain, { answer, sinceMs: this.#now() });
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_STS_DOMAINS && oldest !== undefined) this.#recent.delete(oldest);
    answer.catch(() => this.#recent.delete(domain));
    return await answer;
  }

  async keep(domain: string, id: string, text: string, maxAgeSeconds: number): Promise<void> {
    await this.#table.keep(domain, id, text, maxAgeSeconds);
    this.#recent.delete(domain);
  }

  async keepFailure(domain: string, id: string, reason: string): Promise<void> {
    await this.#table.keepFailure(domain, id, reason);
    this.#recent.delete(domain);
  }

  takeStale(limit: number): Promise<readonly { readonly domain: string; readonly id: string }[]> {
    return this.#table.takeStale(limit);
  }

  prune(): Promise<void> {
    return this.#table.prune();
  }
}
