import type { ChangeFeed } from './change-feed.ts';
import { ClosedMailboxes } from './closed-mailboxes.ts';
import type { Database } from './database.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import type { NewestModSeqs } from './newest-modseqs.ts';
import { type MailboxWatcher, SharedMailbox } from './shared-mailbox.ts';

interface OpenMailbox {
  readonly mailbox: Promise<SharedMailbox>;
  users: number;
  unwatch(): void;
}

/** The mailboxes that sessions of this process have open: one of each, which they share, kept up to date by the feed. */
export class OpenMailboxes {
  readonly #database: Database;
  readonly #feed: ChangeFeed;
  readonly #newest: NewestModSeqs;
  readonly #onError: (error: unknown) => void;
  readonly #open = new Map<string, OpenMailbox>();
  readonly #closed: ClosedMailboxes;
  readonly #entries = new WeakMap<SharedMailbox, OpenMailbox>();

  constructor(database: Database, feed: ChangeFeed, newest: NewestModSeqs, onError: (error: unknown) => void) {
    this.#database = database;
    this.#feed = feed;
    this.#newest = newest;
    this.#onError = onError;
    this.#closed = new ClosedMailboxes(feed);
  }

  /**
   * The mailbox as this process shares it, with everything that was committed before the call, and kept up to date as long
   * as somebody has it open; `close` gives it back.
   *
   * @param readSeq a modseq of the account that the caller has just read: if all up to it is known here, and nothing after
   *   it, the database is not asked
   * @throws {StorageError} 'nonexistent', 'unavailable'
   */
  async open(
    account: AccountId,
    id: MailboxId,
    watcher: MailboxWatcher,
    readSeq: ModSeq | null = null,
  ): Promise<SharedMailbox> {
    const key = `${account}/${id}`;
    const known = this.#open.get(key) ?? this.#reopen(account, id, key);
    const entry = known ?? this.#entry(account, id, SharedMailbox.load(this.#database.sql, account, id));
    this.#open.set(key, entry);
    entry.users++;
    try {
      const mailbox = await entry.mailbox;
      if (known !== null && mailbox.seq !== readSeq) await mailbox.refresh(); // it may have been loaded before a change that the caller knows of
      if (mailbox.lost === 'deleted') throw new StorageError('nonexistent', 'No such mailbox');
      if (mailbox.lost === null || known === null) {
        this.#entries.set(mailbox, entry);
        this.#database.seen.raise(account, mailbox.seq);
        mailbox.watch(watcher);
        return mailbox;
      }
    } catch (error) {
      this.#release(key, entry);
      throw error;
    }
    // The others must let go of what they hold; whoever comes now starts from what the database holds.
    if (this.#open.get(key) === entry) this.#open.delete(key);
    this.#release(key, entry);
    return this.open(account, id, watcher);
  }

  /**
   * Brings an open mailbox up to what was committed before the call. That nothing was is most of what can be known, and is asked for
   * first, together with others who want to know.
   *
   * @throws {StorageError} 'unavailable'
   */
  async refresh(mailbox: SharedMailbox): Promise<void> {
    const { account, seq } = mailbox;
    if (this.#feed.newest(account) > seq) return await mailbox.refresh();
    const news = await this.#newestOf(account);
    if (news === null || news.isRewound || news.modseq < seq) await mailbox.refresh();
    else await mailbox.refreshTo(news.modseq);
  }

  close(mailbox: SharedMailbox, watcher: MailboxWatcher): void {
    const entry = this.#entries.get(mailbox);
    if (!mailbox.unwatch(watcher) || entry === undefined) return;
    const key = `${mailbox.account}/${mailbox.id}`;
    this.#release(key, entry);
    if (entry.users === 0) this.#closed.keep(key, mailbox);
  }

  #reopen(account: AccountId, id: MailboxId, key: string): OpenMailbox | null {
    const mailbox = this.#closed.take(key);
    return mailbox === null ? null : this.#entry(account, id, Promise.resolve(mailbox));
  }

  #entry(account: AccountId, id: MailboxId, mailbox: Promise<SharedMailbox>): OpenMailbox {
    let loaded: SharedMailbox | null = null;
    const unwatch = this.#feed.watch(account, (modseq, changes) => {
      if (modseq !== null && changes !== undefined && loaded?.takeIn(modseq, changes.get(id) ?? null) === true) return;
      mailbox
        .then((open) => (modseq === null ? open.refresh() : open.refreshTo(modseq)))
        .catch((error) => tellUnlessUnavailable(error, this.#onError));
    });
    mailbox
      .then((open) => {
        loaded = open;
      })
      .catch(() => {}); // told to whoever opens it
    return { mailbox, users: 0, unwatch };
  }

  #release(key: string, entry: OpenMailbox): void {
    if (--entry.users > 0) return;
    entry.unwatch();
    if (this.#open.get(key) === entry) this.#open.delete(key);
  }

  async #newestOf(account: AccountId): ReturnType<NewestModSeqs['of']> {
    try {
      return await this.#newest.of(account);
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }
}

/** That the database is away is told by itself, and not once for each mailbox, which the next poll of the feed tries again. */
export function tellUnlessUnavailable(error: unknown, onError: (error: unknown) => void): void {
  if (!(error instanceof StorageError) || error.kind !== 'unavailable') onError(error);
}
