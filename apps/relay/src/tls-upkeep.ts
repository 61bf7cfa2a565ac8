import { setTimeout as delay } from 'node:timers/promises';
import type { StsPolicyTable, TlsMemory } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import type { StsPolicies } from '@postel/tls-policy';
import { PRUNE_MS, REFRESH_MS } from './limits.ts';

interface Kept {
  readonly policies: Pick<StsPolicies, 'refresh'>;
  readonly table: Pick<StsPolicyTable, 'prune'>;
  readonly memory: Pick<TlsMemory, 'prune'>;
  readonly log: Logger;
}

/** Fetches policies anew before they end, and forgets what is over, until it is stopped. */
export class TlsUpkeep {
  readonly #kept: Kept;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  start(): void {
    const { policies, table, memory } = this.#kept;
    const refresh = async () => {
      while (!this.#stopping.signal.aborted && (await policies.refresh()) > 0);
    };
    const prune = async () => {
      await table.prune();
      await memory.prune();
    };
    this.#loops = Promise.all([this.#repeat(refresh, REFRESH_MS), this.#repeat(prune, PRUNE_MS)]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
  }

  async #repeat(work: () => Promise<void>, pauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await work().catch((err: unknown) =>
        this.#kept.log.warn({ err }, 'what is known of the TLS of others was not kept up'),
      );
      await delay(pauseMs, undefined, { signal }).catch(() => {}); // it stops
    }
  }
}
