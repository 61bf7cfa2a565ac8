import type { AccountId } from './ids.ts';

/** Lets what is slow run once at a time for each account, first come, first served: so one account holds one connection. */
export class AccountTurns {
  /** The last in each account's queue. */
  readonly #last = new Map<AccountId, Promise<void>>();

  run<Result>(account: AccountId, task: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(account) ?? Promise.resolve();
    const result = before.then(task);
    const done = result.then(
      () => {},
      () => {},
    );
    this.#last.set(account, done);
    void done.then(() => {
      if (this.#last.get(account) === done) this.#last.delete(account);
    });
    return result;
  }
}
