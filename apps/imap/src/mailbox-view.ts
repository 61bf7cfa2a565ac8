import type { SequenceSet } from '@postel/imap-wire';
import type { AccountId, MailboxId, MailboxWatcher, SharedMailbox, Store } from '@postel/storage';

const NONE = new Uint32Array(0);

/** UIDs (both included) that are `\Recent` to one connection. */
interface RecentRange {
  readonly first: number;
  last: number;
}

/**
 * What one connection knows of its selected mailbox: the shared arrays, less the messages it has not been told of, plus
 * those whose removal it has not been told. Sequence numbers (RFC 9051 §2.3.1.2) count in this view, so they shift only
 * when EXPUNGE is sent.
 */
export class MailboxView implements MailboxWatcher {
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly #store: Store;
  #mailbox: SharedMailbox | null = null;
  /** Messages above this are not yet told. */
  #toldUid = 0;
  /** Flag changes up to this modseq of the account are told. */
  #toldSeq = 0;
  /** Messages that went and are still counted here, ascending. */
  #untoldRemovals: Uint32Array = NONE;
  readonly #recent: RecentRange[] = [];
  /** Keywords that FLAGS has named. */
  toldKeywords = 0;
  /** Called when there may be something to tell; IDLE sets it. */
  onChange: (() => void) | null = null;

  private constructor(store: Store, name: string, isReadOnly: boolean) {
    this.#store = store;
    this.name = name;
    this.isReadOnly = isReadOnly;
  }

  /** @throws {StorageError} 'unavailable' */
  static async open(
    store: Store,
    account: AccountId,
    id: MailboxId,
    name: string,
    isReadOnly: boolean,
  ): Promise<MailboxView> {
    const view = new MailboxView(store, name, isReadOnly);
    const mailbox = await store.openMailbox(account, id, view);
    view.#mailbox = mailbox;
    view.#toldUid = mailbox.table.lastUid();
    view.#toldSeq = mailbox.seq;
    return view;
  }

  get mailbox(): SharedMailbox {
    if (this.#mailbox === null) throw new Error('the mailbox is not open');
    return this.#mailbox;
  }

  close(): void {
    this.onChange = null;
    this.#store.closeMailbox(this.mailbox, this);
  }

  removed(uids: Uint32Array): void {
    const told = uids.at(-1) ?? 0;
    const known = told <= this.#toldUid ? uids : uids.filter((uid) => uid <= this.#toldUid);
    if (known.length === 0) return;
    this.#untoldRemovals =
      this.#untoldRemovals.length === 0 ? known : Uint32Array.from([...this.#untoldRemovals, ...known]).sort();
  }

  changed(): void {
    this.onChange?.();
  }

  lost(): void {
    this.onChange?.();
  }

  /** EXISTS, as told last. */
  get count(): number {
    return this.#toldPositions() + this.#untoldRemovals.length;
  }

  /** How many messages are recent to this connection. */
  get recentCount(): number {
    const { table } = this.mailbox;
    return this.#recent.reduce((n, { first, last }) => n + table.lowerBound(last + 1) - table.lowerBound(first), 0);
  }

  isRecent(uid: number): boolean {
    return this.#recent.some(({ first, last }) => uid >= first && uid <= last);
  }

  /** Makes messages with UIDs above `above` up to `last` recent to this connection. */
  addRecent(above: number, last: number): void {
    if (last <= above) return;
    const newest = this.#recent.at(-1);
    if (newest !== undefined && newest.last >= above) newest.last = Math.max(newest.last, last);
    else this.#recent.push({ first: above + 1, last });
  }

  get highestUid(): number {
    const at = this.#toldPositions();
    return Math.max(at === 0 ? 0 : this.mailbox.table.uid(at - 1), this.#untoldRemovals.at(-1) ?? 0);
  }

  /** Whether the message went and the client has not been told. */
  isRemoved(uid: number): boolean {
    return (
      this.#untoldRemovals.length > 0 &&
      lowerBound(this.#untoldRemovals, uid + 1) > lowerBound(this.#untoldRemovals, uid)
    );
  }

  /** The sequence number of a message that is in the view. */
  sequenceNumber(uid: number): number {
    const before = this.#untoldRemovals.length === 0 ? 0 : lowerBound(this.#untoldRemovals, uid);
    return this.mailbox.table.lowerBound(uid) + before + 1;
  }

  /**
   * The UIDs that a set names, ascending; UIDs of no message name nothing (RFC 9051 §6.4.9).
   *
   * @returns null if the set names a sequence number above the last
   */
  resolve(set: SequenceSet, kind: 'sequence' | 'uid'): Uint32Array | null {
    if (kind === 'sequence') {
      const { count } = this;
      if (set.exceeds(count)) return null;
      return this.#select(set.ranges(count), (number) => number - 1);
    }
    return this.#select(set.ranges(this.highestUid), (uid) => this.#rank(uid));
  }

  /** All UIDs of the view, ascending. */
  uids(): Uint32Array {
    return this.#slice(0, this.count);
  }

  /** UIDs whose removal is to be told now, with the number that each has as long as those after it were told first. */
  takeRemovals(): { readonly uid: number; readonly sequenceNumber: number }[] {
    const removals = Array.from(this.#untoldRemovals, (uid) => ({ uid, sequenceNumber: this.sequenceNumber(uid) }));
    this.#untoldRemovals = NONE;
    return removals.reverse();
  }

  get hasRemovals(): boolean {
    return this.#untoldRemovals.length > 0;
  }

  /** Takes the messages that came into the view; says whether there were any. */
  takeArrivals(): boolean {
    const last = this.mailbox.table.lastUid();
    if (last <= this.#toldUid) return false;
    this.#toldUid = last;
    return true;
  }

  /** UIDs of messages that were in the view before `takeArrivals` and whose flags changed since the last call. */
  takeFlagChanges(): Uint32Array {
    const { mailbox } = this;
    if (this.#toldSeq === mailbox.seq) return NONE;
    const changed = mailbox
      .changedSince(this.#toldSeq)
      .filter((uid) => uid <= this.#toldUid && mailbox.table.position(uid) >= 0);
    this.#toldSeq = mailbox.seq;
    return changed;
  }

  /** Messages of the shared arrays that are told. */
  #toldPositions(): number {
    return this.mailbox.table.lowerBound(this.#toldUid + 1);
  }

  /** How many messages of the view have a lower UID. */
  #rank(uid: number): number {
    return this.mailbox.table.lowerBound(Math.min(uid, this.#toldUid + 1)) + lowerBound(this.#untoldRemovals, uid);
  }

  #select(ranges: readonly { first: number; last: number }[], rankOf: (number: number) => number): Uint32Array {
    const slices = ranges.map(({ first, last }) => this.#slice(rankOf(first), rankOf(last + 1)));
    if (slices.length === 1 && slices[0] !== undefined) return slices[0];
    const all = new Uint32Array(slices.reduce((n, slice) => n + slice.length, 0));
    let at = 0;
    for (const slice of slices) {
      all.set(slice, at);
      at += slice.length;
    }
    return all;
  }

  /** The UIDs from one rank up to another, copied, since the arrays move under whoever waits. */
  #slice(from: number, to: number): Uint32Array {
    const { table } = this.mailbox;
    if (this.#untoldRemovals.length === 0) return table.uids().slice(from, to);
    const uids = new Uint32Array(Math.max(to - from, 0));
    const removed = this.#untoldRemovals;
    // Where the merge of the two ascending lists stands at rank `from`.
    let inRemoved = this.#removedBelowRank(from);
    let inTable = from - inRemoved;
    const end = this.#toldPositions();
    for (let i = 0; i < uids.length; i++) {
      const next = removed[inRemoved] ?? Number.POSITIVE_INFINITY;
      const kept = inTable < end ? table.uid(inTable) : Number.POSITIVE_INFINITY;
      if (next < kept) {
        uids[i] = next;
        inRemoved++;
      } else {
        uids[i] = kept;
        inTable++;
      }
    }
    return uids;
  }

  #removedBelowRank(rank: number): number {
    const removed = this.#untoldRemovals;
    let low = 0;
    let high = removed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.mailbox.table.lowerBound(removed[middle] ?? 0) + middle < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
