import type { CountedResult, TlsResultTable } from '@postel/queue';
import type { PublishedPolicy, TlsFailure } from '@postel/tls-policy';
import { RESULTS_IN_HAND } from './limits.ts';

/** What came of one session, or of what goes before it. */
interface SeenResult {
  readonly policy: PublishedPolicy;
  readonly failure: TlsFailure | null;
  readonly host: string | null;
  readonly address: string | null;
}

/** Counts what came of TLS with other domains, in memory first: a minute of it is lost when the process is. */
export class TlsResults {
  readonly #table: Pick<TlsResultTable, 'add'>;
  readonly #now: () => Date;
  #counted = new Map<string, CountedResult>();

  constructor(table: Pick<TlsResultTable, 'add'>, now: () => Date = () => new Date()) {
    this.#table = table;
    this.#now = now;
  }

  count(domain: string, { policy, failure, host, address }: SeenResult): void {
    const told = failure === null ? null : { type: failure.type, reason: failure.reason, host, address };
    const detail = JSON.stringify({ policy, failure: told });
    const day = this.#now().toISOString().slice(0, 10);
    const key = `${day} ${domain} ${detail}`;
    const known = this.#counted.get(key);
    // Beyond, what is new is not counted: somebody invents failures.
    if (known === undefined && this.#counted.size >= RESULTS_IN_HAND) return;
    this.#counted.set(key, { day, domain, detail, sessions: (known?.sessions ?? 0) + 1 });
  }

  /** Writes down what was counted; it is counted further if that fails. */
  async flush(): Promise<void> {
    const counted = this.#counted;
    this.#counted = new Map();
    try {
      await this.#table.add([...counted.values()]);
    } catch (error) {
      for (const [key, result] of counted) {
        const sessions = result.sessions + (this.#counted.get(key)?.sessions ?? 0);
        this.#counted.set(key, { ...result, sessions });
      }
      throw error;
    }
  }
}
