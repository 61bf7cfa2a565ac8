import type { ResultTable, StsPolicyTable, TlsMemory } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import type { StsPolicies } from '@postel/tls-policy';
import { FLUSH_MS, PRUNE_MS, REFRESH_MS } from './limits.ts';
import { repeat } from './repeat.ts';
import type { TlsReporter } from './tls-reporter.ts';
import type { TlsResults } from './tls-results.ts';

interface Kept {
  readonly policies: Pick<StsPolicies, 'refresh'>;
  readonly table: Pick<StsPolicyTable, 'prune'>;
  readonly results: Pick<TlsResults, 'flush'>;
  readonly resultTable: Pick<ResultTable, 'prune'>;
  /** Null: nobody is told. */
  readonly reporter: TlsReporter | null;
  readonly memory: Pick<TlsMemory, 'prune'>;
  readonly log: Logger;
}

/** Fetches policies anew before they end, tells domains what came of TLS, and forgets what is over, until it is stopped. */
export class TlsUpkeep {
  readonly #kept: Kept;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  start(): void {
    const { policies, table, memory, results, resultTable, reporter } = this.#kept;
    const goesOn = () => !this.#stopping.signal.aborted;
    const refresh = async () => {
      while (goesOn() && (await policies.refresh()) > 0);
    };
    const prune = async () => {
      await table.prune();
      await memory.prune();
      await resultTable.prune();
    };
    this.#loops = Promise.all([
      this.#repeat(refresh, REFRESH_MS),
      this.#repeat(async () => reporter?.report(goesOn), REFRESH_MS),
      this.#repeat(() => results.flush(), FLUSH_MS),
      this.#repeat(prune, PRUNE_MS),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    await this.#kept.results.flush().catch((err: unknown) => this.#kept.log.warn({ err }, 'what came of TLS is lost'));
  }

  #repeat(work: () => Promise<void>, pauseMs: number): Promise<void> {
    const onError = (err: unknown) =>
      this.#kept.log.warn({ err }, 'what is known of the TLS of others was not kept up');
    return repeat(work, { pauseMs, signal: this.#stopping.signal, onError });
  }
}
