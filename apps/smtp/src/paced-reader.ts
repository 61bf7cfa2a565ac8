import { DATA_MS, DATA_OCTETS_A_SECOND } from './limits.ts';
import { replies } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Reads a message, or a chunk, and hangs up on a client that is too slow with it. Only the time in which we wait for the client
 * counts, not that of our disk, and what is complete is taken, however long it took.
 */
export class PacedReader {
  readonly #session: Session;
  #waitedMs = 0;
  #octets = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The next octets, null if there will be none. Those not used go back to the wire. */
  async read(): Promise<Buffer | null> {
    const { wire, services } = this.#session;
    if (this.#isTooSlow) this.#session.hangUp(replies.tooSlow);
    if (!wire.hasOctets) await wire.flush(); // the client may wait for what was said before BDAT
    const sinceMs = services.now();
    const chunk = await wire.read();
    this.#waitedMs += services.now() - sinceMs;
    this.#octets += chunk?.length ?? 0;
    return chunk;
  }

  /** Counts time in which the client could have sent something and did not, outside of `read`. */
  hasWaited(ms: number): void {
    this.#waitedMs += ms;
  }

  get #isTooSlow(): boolean {
    return this.#waitedMs > DATA_MS + (this.#octets * 1_000) / DATA_OCTETS_A_SECOND;
  }
}
