import type { AccountId } from './ids.ts';

/** Accounts remembered; those raised longest ago are forgotten. */
const MOST_ACCOUNTS = 100_000;

/**
 * The highest modseq of each account that this process has seen committed. A database that holds less has gone back in
 * time. What a NOTIFY says is not seen: anybody can send one.
 */
export class SeenModSeqs {
  /** In the order in which they were raised last. */
  readonly #highest = new Map<AccountId, number>();
  readonly #most: number;

  constructor(most = MOST_ACCOUNTS) {
    this.#most = most;
  }

  /** 0 if nothing was seen. */
  highest(account: AccountId): number {
    return this.#highest.get(account) ?? 0;
  }

  raise(account: AccountId, modseq: number): void {
    const before = this.#highest.get(account);
    if (before !== undefined && modseq <= before) return;
    this.#highest.delete(account);
    this.#highest.set(account, modseq);
    if (this.#highest.size <= this.#most) return;
    for (const oldest of this.#highest.keys()) {
      this.#highest.delete(oldest);
      return;
    }
  }

  [Symbol.iterator](): Iterator<[AccountId, number]> {
    return this.#highest.entries();
  }
}
