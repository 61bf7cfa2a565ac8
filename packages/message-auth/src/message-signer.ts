import type { DkimKey } from './dkim-signing.ts';
import { WINDOW_OCTETS, WORKERS } from './limits.ts';
import { SignerThread } from './signer-thread.ts';

/** Signs messages (DKIM) in worker threads, which begin when there is something for them to do. */
export class MessageSigner {
  readonly #workers: number;
  readonly #threads: SignerThread[] = [];

  constructor({ workers = WORKERS }: { readonly workers?: number } = {}) {
    this.#workers = workers;
  }

  /**
   * Reads a message to its end, and holds some 256 kB of it at most.
   *
   * @returns the DKIM-Signature fields, one for each key, to be put before it; null if its header section is too long to be signed
   * @throws what reading throws, or if the thread fails
   */
  async sign(message: AsyncIterable<Buffer>, keys: readonly DkimKey[], at = new Date()): Promise<string | null> {
    const thread = this.#thread();
    const job = thread.begin();
    try {
      for await (const octets of message) await thread.push(job, octets, WINDOW_OCTETS);
      return await thread.end(job, keys, at);
    } finally {
      thread.abort(job); // unless it is done
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  /** The one with the least to do; another, as long as there may be more and all have something to do. */
  #thread(): SignerThread {
    const [idlest] = this.#threads.toSorted((a, b) => a.jobs - b.jobs);
    if (idlest !== undefined && (idlest.jobs === 0 || this.#threads.length >= this.#workers)) return idlest;
    const thread = new SignerThread();
    this.#threads.push(thread);
    return thread;
  }
}
