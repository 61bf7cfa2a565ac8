import { CACHED_ANSWERS, CACHED_OCTETS } from './limits.ts';
import type { Response } from './read-response.ts';

interface Entry {
  readonly response: Response;
  readonly octets: number;
  readonly untilMs: number;
}

/** What was answered, for as long as it is true and there is room: what was not asked for the longest goes first. */
export class AnswerCache {
  /** In the order of use. */
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #answers: number;
  readonly #octets: number;
  #heldOctets = 0;

  /** @param now milliseconds, of a clock that only goes forward */
  constructor(now: () => number, answers = CACHED_ANSWERS, octets = CACHED_OCTETS) {
    this.#now = now;
    this.#answers = answers;
    this.#octets = octets;
  }

  get(key: string): Response | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#remove(key, entry);
    if (entry.untilMs <= this.#now()) return null;
    this.#insert(key, entry);
    return entry.response;
  }

  /** @param octets what the response had on the wire */
  set(key: string, response: Response, ttlSeconds: number, octets: number): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    this.#insert(key, { response, octets, untilMs: this.#now() + ttlSeconds * 1_000 });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#answers && this.#heldOctets <= this.#octets) break;
      this.#remove(oldest, entry);
    }
  }

  #insert(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#heldOctets += entry.octets;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#heldOctets -= entry.octets;
  }
}
