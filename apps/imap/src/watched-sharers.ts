import type { AccountId, Sharer, Store } from '@postel/storage';
import type { Logger } from '@postel/supervision';

/** That somebody shares a mailbox is no change of the account with which it is shared: nothing else tells of the first. */
const LOOK_MS = 1_000;
const NOBODY: readonly Sharer[] = [];

/** Called every second with all that share mailboxes with a reader. */
export type SharersListener = (sharers: readonly Sharer[]) => void;

/** Who shares mailboxes with the accounts of this process that want to know, asked for all of them in one query. */
export class WatchedSharers {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #listeners = new Map<AccountId, Set<SharersListener>>();
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** @returns to be called when nobody listens any more */
  watch(reader: AccountId, listener: SharersListener): () => void {
    const listeners = this.#listeners.get(reader) ?? new Set();
    this.#listeners.set(reader, listeners.add(listener));
    this.#timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(reader) === listeners) this.#listeners.delete(reader);
      if (this.#listeners.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** Looks now: somebody has shared something, or does no more. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#listeners.size === 0) return;
    this.#isLooking = true;
    try {
      const sharers = await this.#store.sharing.findSharers([...this.#listeners.keys()]);
      for (const [reader, listeners] of this.#listeners)
        for (const listener of listeners) listener(sharers.get(reader) ?? NOBODY);
    } catch (error) {
      this.#log.debug({ err: error }, 'who shares mailboxes could not be read');
    } finally {
      this.#isLooking = false;
    }
  }
}
