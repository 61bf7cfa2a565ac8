import { RESULTS_IN_HAND } from './limits.ts';
import type { CountedResult, ResultTable } from './result-table.ts';

/** Counts results that concern other domains, in memory first: what was not written yet is lost when the process is. */
export class ResultCounter {
  readonly #table: Pick<ResultTable, 'add'>;
  readonly #now: () => Date;
  #counted = new Map<string, CountedResult>();

  constructor(table: Pick<ResultTable, 'add'>, now: () => Date = () => new Date()) {
    this.#table = table;
    this.#now = now;
  }

  /** @param detail which way it went, in JSON */
  count(domain: string, detail: string): void {
    const day = this.#now().toISOString().slice(0, 10);
    const key = `${day} ${domain} ${detail}`;
    const known = this.#counted.get(key);
    // Beyond, what is new is not counted: somebody invents it.
    if (known === undefined && this.#counted.size >= RESULTS_IN_HAND) return;
    this.#counted.set(key, { day, domain, detail, count: (known?.count ?? 0) + 1 });
  }

  /** Writes down what was counted; it is counted further if that fails. */
  async flush(): Promise<void> {
    const counted = this.#counted;
    this.#counted = new Map();
    try {
      await this.#table.add([...counted.values()]);
    } catch (error) {
      for (const [key, result] of counted) {
        const known = this.#counted.get(key);
        if (known === undefined && this.#counted.size >= RESULTS_IN_HAND) continue;
        this.#counted.set(key, { ...result, count: result.count + (known?.count ?? 0) });
      }
      throw error;
    }
  }
}
