import type { ResponseWriter } from '@postel/imap-wire';
import type { SharedMailbox } from '@postel/storage';

export interface AnswerCacheLimits {
  /** Of memory. */
  readonly octets: number;
  /** Of one answer that is kept. */
  readonly answerOctets: number;
  /** Messages of so many UIDs in a row share a page: many if answers are small, so that each takes little more than its octets. */
  readonly pageUids: number;
}

/** Of a page: what it is beside its octets, and its places in maps. */
const pageOverheadOctets = (uids: number) => 8 * uids + 600;

const NOTHING = Buffer.alloc(0);

/**
 * What FETCH answered for items that never change of a message: octets of the wire, by mailbox, item and UID, so that who asks
 * again needs no database. It forgets by pages, first those that nobody has read since it came by the last time.
 *
 * A mailbox is known by its shared arrays, and what is known goes with them: when the mailbox is deleted, or the database went
 * back in time and gives its UIDs to other messages, these arrays are never used again.
 */
export class AnswerCache {
  readonly limits: AnswerCacheLimits;
  readonly #mailboxes = new WeakMap<SharedMailbox, Map<string, CachedItem>>();
  /** In the order in which they are looked at to be forgotten. */
  readonly #pages = new Set<Page>();
  #octets = 0;

  constructor(limits: AnswerCacheLimits) {
    this.limits = limits;
  }

  /** Of memory, about. */
  get octets(): number {
    return this.#octets;
  }

  /** What is known of one item of a mailbox's messages. @param name stands for all that the item asks for */
  item(mailbox: SharedMailbox, name: string): CachedItem {
    let items = this.#mailboxes.get(mailbox);
    if (items === undefined) {
      items = new Map();
      this.#mailboxes.set(mailbox, items);
    }
    return items.get(name) ?? new CachedItem(this, items, name);
  }

  /** A page is new, or larger by so much. */
  noteGrowth(page: Page, octets: number): void {
    this.#pages.add(page);
    this.#octets += octets;
    for (const oldest of this.#pages) {
      if (this.#octets <= this.limits.octets) return;
      this.#pages.delete(oldest);
      if (oldest.wasRead) {
        oldest.wasRead = false;
        this.#pages.add(oldest);
      } else {
        this.#octets -= oldest.octets;
        oldest.item.forget(oldest);
      }
    }
  }
}

interface Kept {
  readonly uid: number;
  readonly answer: Buffer;
}

/** What is known of one item of the messages of one mailbox. */
export class CachedItem {
  readonly #cache: AnswerCache;
  readonly #siblings: Map<string, CachedItem>;
  readonly #name: string;
  readonly #pages = new Map<number, Page>();
  /** The one that was looked at last: messages are mostly read in their order. */
  #last: Page | null = null;
  /** Answers of one page, which so grows once for many. */
  #kept: Kept[] = [];

  constructor(cache: AnswerCache, siblings: Map<string, CachedItem>, name: string) {
    this.#cache = cache;
    this.#siblings = siblings;
    this.#name = name;
  }

  has(uid: number): boolean {
    return this.#pageOf(uid)?.has(uid) === true;
  }

  /** Writes what is known of a message, which must be something. */
  write(uid: number, out: ResponseWriter): void {
    this.#pageOf(uid)?.write(uid, out);
  }

  /** Copies what was answered last, unless it is too large; it is known after `settle`. */
  keep(uid: number, out: ResponseWriter, octets: number): void {
    if (octets > this.#cache.limits.answerOctets) return;
    const [first] = this.#kept;
    if (first !== undefined && this.#pageNumber(first.uid) !== this.#pageNumber(uid)) this.settle();
    this.#kept.push({ uid, answer: out.last(octets) });
  }

  /** Puts what was kept into its page. */
  settle(): void {
    const kept = this.#kept.filter(({ uid }) => !this.has(uid));
    this.#kept = [];
    const [first] = kept;
    if (first === undefined) return;
    const known = this.#pageOf(first.uid);
    const page = known ?? this.#newPage(first.uid);
    const before = known?.octets ?? 0;
    page.add(kept);
    this.#cache.noteGrowth(page, page.octets - before);
  }

  forget(page: Page): void {
    this.#pages.delete(page.number);
    if (this.#last === page) this.#last = null;
    if (this.#pages.size === 0 && this.#siblings.get(this.#name) === this) this.#siblings.delete(this.#name);
  }

  #pageOf(uid: number): Page | null {
    const number = this.#pageNumber(uid);
    if (this.#last?.number !== number) this.#last = this.#pages.get(number) ?? null;
    return this.#last;
  }

  /** An item is among its siblings as long as it has pages, or a client could fill the memory with names. */
  #newPage(uid: number): Page {
    const { pageUids } = this.#cache.limits;
    const page = new Page(this, this.#pageNumber(uid), pageUids, pageOverheadOctets(pageUids) + 2 * this.#name.length);
    if (!this.#siblings.has(this.#name)) this.#siblings.set(this.#name, this);
    this.#pages.set(page.number, page);
    return page;
  }

  #pageNumber(uid: number): number {
    return Math.floor(uid / this.#cache.limits.pageUids);
  }
}

/** What is known of one item of neighbouring messages, in the order in which it became known. */
class Page {
  readonly item: CachedItem;
  readonly number: number;
  wasRead = false;
  readonly #overheadOctets: number;
  #answers = NOTHING;
  /** By UID, where its answer begins and ends; none ends at 0. */
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor(item: CachedItem, number: number, uids: number, overheadOctets: number) {
    this.item = item;
    this.number = number;
    this.#overheadOctets = overheadOctets;
    this.#starts = new Uint32Array(uids);
    this.#ends = new Uint32Array(uids);
  }

  get octets(): number {
    return this.#overheadOctets + this.#answers.length;
  }

  has(uid: number): boolean {
    return this.#ends[uid % this.#ends.length] !== 0;
  }

  write(uid: number, out: ResponseWriter): void {
    const at = uid % this.#ends.length;
    this.wasRead = true;
    out.octetsFrom(this.#answers, this.#starts[at] ?? 0, this.#ends[at] ?? 0);
  }

  /** @param answers of messages of which it has none */
  add(answers: readonly Kept[]): void {
    let end = this.#answers.length;
    const larger = Buffer.allocUnsafeSlow(answers.reduce((sum, { answer }) => sum + answer.length, end));
    this.#answers.copy(larger);
    this.#answers = larger;
    for (const { uid, answer } of answers) {
      const at = uid % this.#ends.length;
      this.#starts[at] = end;
      end += answer.copy(larger, end);
      this.#ends[at] = end;
    }
  }
}
