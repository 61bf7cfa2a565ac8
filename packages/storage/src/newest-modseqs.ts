import type { AccountNews } from './accounts.ts';
import type { AccountId } from './ids.ts';

/** Those accounts that exist. */
type News = ReadonlyMap<AccountId, AccountNews>;

/** The newest modseqs of accounts, in one question to the database for all who want to know while another one is under way. */
export class NewestModSeqs {
  readonly #read: (accounts: Iterable<AccountId>) => Promise<News>;
  /** Ends when the question under way is answered. Never rejects. */
  #answered: Promise<unknown> = Promise.resolve();
  /** What is to be asked then. */
  #next: { readonly accounts: Set<AccountId>; readonly news: Promise<News> } | null = null;

  constructor(read: (accounts: Iterable<AccountId>) => Promise<News>) {
    this.#read = read;
  }

  /** @returns what was committed before the call counts; null if there is no such account */
  async of(account: AccountId): Promise<AccountNews | null> {
    this.#next ??= this.#prepare();
    this.#next.accounts.add(account);
    const news = await this.#next.news;
    return news.get(account) ?? null;
  }

  #prepare() {
    const accounts = new Set<AccountId>();
    const news = this.#answered.then(() => {
      this.#next = null; // who comes now may want what the answer does not have any more
      return this.#read(accounts);
    });
    this.#answered = news.catch(() => {}); // told to those who asked
    return { accounts, news };
  }
}
