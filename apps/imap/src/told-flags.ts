import { lowerBound } from './mailbox-view.ts';

/** Of no flags: there are five system flags. */
const UNTOLD = 255;

/** The flags that a command told of messages which it changed itself, so that they need not be told twice: 17 octets a message. */
export class ToldFlags {
  readonly #uids: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #keywordSets: Uint32Array;
  readonly #modSeqs: Float64Array;

  /** @param uids of the messages that the command changed, ascending */
  constructor(uids: Uint32Array) {
    this.#uids = uids;
    this.#flags = new Uint8Array(uids.length).fill(UNTOLD);
    this.#keywordSets = new Uint32Array(uids.length);
    this.#modSeqs = new Float64Array(uids.length);
  }

  /** Whether it is of a message that the command changed. */
  concerns(uid: number): boolean {
    return this.#indexOf(uid) >= 0;
  }

  /** Remembers what was told of a message, if it is one that the command changed. */
  told(uid: number, flags: number, keywordSet: number, modSeq: number): void {
    const index = this.#indexOf(uid);
    if (index < 0) return;
    this.#flags[index] = flags;
    this.#keywordSets[index] = keywordSet;
    this.#modSeqs[index] = modSeq;
  }

  /** Whether that is what was told last. */
  has(uid: number, flags: number, keywordSet: number, modSeq: number): boolean {
    const index = this.#indexOf(uid);
    if (index < 0 || this.#modSeqs[index] !== modSeq) return false;
    return this.#flags[index] === flags && this.#keywordSets[index] === keywordSet;
  }

  #indexOf(uid: number): number {
    const index = lowerBound(this.#uids, uid);
    return this.#uids[index] === uid ? index : -1;
  }
}
