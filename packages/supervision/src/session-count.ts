import type { AccountId } from '@postel/storage';

/** Counts the sessions of each account in this process. */
export class SessionCount {
  readonly #byAccount = new Map<AccountId, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one more, until it is disposed of. @returns null if there are too many */
  enter(account: AccountId): Disposable | null {
    const before = this.#byAccount.get(account) ?? 0;
    if (before >= this.#limit) return null;
    this.#byAccount.set(account, before + 1);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        const count = (this.#byAccount.get(account) ?? 0) - 1;
        if (count > 0) this.#byAccount.set(account, count);
        else this.#byAccount.delete(account);
      },
    };
  }
}
