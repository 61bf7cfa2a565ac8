import type { ResultTable } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import type { DmarcReporter } from './dmarc-reporter.ts';
import { PRUNE_MS, REFRESH_MS } from './limits.ts';
import { repeat } from './repeat.ts';

interface Kept {
  readonly reporter: Pick<DmarcReporter, 'report'>;
  readonly table: Pick<ResultTable, 'prune'>;
  readonly log: Logger;
}

/** Tells domains what DMARC found, and forgets what could not be told, until it is stopped. */
export class DmarcUpkeep {
  readonly #kept: Kept;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  start(): void {
    const { reporter, table, log } = this.#kept;
    const { signal } = this.#stopping;
    const onError = (err: unknown) => log.warn({ err }, 'what DMARC found was not told');
    this.#loops = Promise.all([
      repeat(() => reporter.report(() => !signal.aborted), { pauseMs: REFRESH_MS, signal, onError }),
      repeat(() => table.prune(), { pauseMs: PRUNE_MS, signal, onError }),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
  }
}
