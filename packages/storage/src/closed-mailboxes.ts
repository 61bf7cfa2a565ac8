import type { ChangeFeed } from './change-feed.ts';
import type { SharedMailbox } from './shared-mailbox.ts';

interface Limits {
  readonly messages: number;
  readonly mailboxes: number;
}

interface Kept {
  readonly mailbox: SharedMailbox;
  /** When it was closed. */
  readonly messages: number;
  unwatch(): void;
}

/**
 * 2,000,000 messages are 34 MB, in a process that has shown so many; and each mailbox's account is one more that the feed asks the
 * database for.
 */
const LIMITS: Limits = { messages: 2_000_000, mailboxes: 200 };

/**
 * Mailboxes that nobody has open any more, those closed last: mail programs go from one to the other and back, and what
 * changed meanwhile is read much faster than everything. They are not kept up to date here; but when the database goes
 * back in time they are dropped, as long as that can still be seen.
 */
export class ClosedMailboxes {
  readonly #feed: ChangeFeed;
  readonly #limits: Limits;
  /** In the order of their closing. */
  readonly #kept = new Map<string, Kept>();
  #messages = 0;

  constructor(feed: ChangeFeed, limits = LIMITS) {
    this.#feed = feed;
    this.#limits = limits;
  }

  /** Unless it is larger than all that may be kept, or not to be trusted any more. */
  keep(key: string, mailbox: SharedMailbox): void {
    this.take(key);
    const messages = mailbox.table.length;
    if (mailbox.lost !== null || messages > this.#limits.messages) return;
    const onNews = (modseq: number | null) => {
      if (modseq === null) this.take(key);
    };
    const unwatch = this.#feed.watch(mailbox.account, onNews, mailbox.seq);
    this.#kept.set(key, { mailbox, messages, unwatch });
    this.#messages += messages;
    for (const oldest of this.#kept.keys()) {
      if (this.#messages <= this.#limits.messages && this.#kept.size <= this.#limits.mailboxes) return;
      this.take(oldest);
    }
  }

  /** Gives it away; whoever has it must refresh it before use. */
  take(key: string): SharedMailbox | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    this.#kept.delete(key);
    this.#messages -= kept.messages;
    kept.unwatch();
    return kept.mailbox;
  }
}
