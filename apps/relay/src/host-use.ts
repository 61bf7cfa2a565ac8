import { HOSTS_IN_TROUBLE, TRANSACTIONS_A_HOST, UNREACHABLE_MS } from './limits.ts';
import type { HostFailure } from './outcome.ts';

interface Use {
  running: number;
  /** How many transactions it may have at the same time. */
  most: number;
}

const NONE: Use = { running: 0, most: TRANSACTIONS_A_HOST };

/** One transaction's turn with a host. */
export interface Turn extends Disposable {
  /** The host did what was asked of it, whatever it said of the message; or not. */
  went(isWell: boolean): void;
}

/**
 * What goes on with each host, whichever domains it is for. One that is in trouble has one transaction at a time, and twice as many with
 * each that goes well: mail that has gathered in an outage does not bring it down again.
 */
export class HostUse {
  /** The one that was longest without mail first. */
  readonly #uses = new Map<string, Use>();
  /** By address, since when. */
  readonly #unreachable = new Map<string, { readonly sinceMs: number; readonly failure: HostFailure }>();
  readonly #now: () => number;
  readonly #isFree: (host: string) => void;

  /** @param isFree is told when another may begin with a host */
  constructor(now: () => number, isFree: (host: string) => void) {
    this.#now = now;
    this.#isFree = isFree;
  }

  /** How many more may begin with a host. */
  room(host: string): number {
    const { running, most } = this.#uses.get(host) ?? NONE;
    return Math.max(0, most - running);
  }

  /** @returns null if the host has as many as it may */
  begin(host: string): Turn | null {
    if (this.room(host) === 0) return null;
    const use = this.#uses.get(host) ?? { ...NONE };
    this.#uses.delete(host);
    this.#uses.set(host, use);
    use.running++;
    return {
      went: (isWell) => {
        use.most = isWell ? Math.min(use.most * 2, TRANSACTIONS_A_HOST) : 1;
      },
      [Symbol.dispose]: () => {
        use.running--;
        if (use.running === 0 && use.most === TRANSACTIONS_A_HOST) this.#uses.delete(host);
        this.#forget();
        this.#isFree(host);
      },
    };
  }

  /** Hosts that never come out of their trouble are without end. */
  #forget(): void {
    for (const [host, { running }] of this.#uses) {
      if (this.#uses.size <= HOSTS_IN_TROUBLE) return;
      if (running === 0) this.#uses.delete(host);
    }
  }

  /** Nobody answered at an address, a moment ago: another message need not find that out again. */
  failureAt(address: string): HostFailure | null {
    const known = this.#unreachable.get(address);
    if (known === undefined) return null;
    if (this.#now() - known.sinceMs < UNREACHABLE_MS) return known.failure;
    this.#unreachable.delete(address);
    return null;
  }

  unreachable(address: string, failure: HostFailure): void {
    // What is over is nobody's concern.
    for (const [other, { sinceMs }] of this.#unreachable) {
      if (this.#now() - sinceMs < UNREACHABLE_MS) break;
      this.#unreachable.delete(other);
    }
    this.#unreachable.delete(address);
    this.#unreachable.set(address, { sinceMs: this.#now(), failure });
  }
}
