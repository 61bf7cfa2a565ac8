import { type NumberRange, SequenceSet } from '@postel/imap-wire';
import type {
  FetchColumns,
  FetchedMessage,
  MailboxWatcher,
  Rights,
  SharedMailbox,
  Store,
  UidRange,
  UidRanges,
} from '@postel/storage';
import type { DecoderPlace } from './decoded-part.ts';
import type { KnownMailbox } from './find-mailbox.ts';
import { SAVED_RANGES } from './limits.ts';
import { isGranted, mayWrite } from './rights.ts';

const NONE = new Uint32Array(0);
const NO_KEYWORDS: ReadonlySet<number> = new Set();

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
  /** Whether it is to stay as it is, whatever the rights are. */
  readonly #isExamined: boolean;
  #rights: Rights;
  /** What there was when the client was told of its rights. */
  #toldRights: Rights;
  /** What the first `rights` were read with: a modseq of the mailbox's account. */
  readonly #rightsSeq: number;
  readonly #store: Store;
  #mailbox: SharedMailbox | null = null;
  #toldUid = 0;
  /** Flag changes up to this modseq of the account are told. */
  #toldSeq = 0;
  /** HIGHESTMODSEQ of the mailbox as of then. */
  #toldModSeq = 0;
  /** Messages that went and are still counted here, ascending. */
  #untoldRemovals: Uint32Array = NONE;
  /** A modseq of the account as of which all of these were there. */
  #removalsPresentAt = 0;
  /** Ascending. */
  #recent: RecentRange[] = [];
  /** Ids of the keywords that FLAGS has named. */
  #toldKeywords = NO_KEYWORDS;
  /** A set of keywords that was compared with these, so that the many messages with the same need not be. */
  #knownKeywordSet = 0;
  /** What the last SEARCH with SAVE found, in ranges of UIDs: the first and last of one, then of the next. */
  #saved: Uint32Array = NONE;
  /** What was read of the last message whose octets are in a blob. They never change, and its flags are not told from here. */
  lastInBlob: { readonly message: FetchedMessage; readonly columns: FetchColumns } | null = null;
  /** Where the last BINARY that was read from a blob ended, for a client that fetches a part in pieces. */
  lastDecoded: { readonly uid: number; readonly part: string; readonly place: DecoderPlace } | null = null;
  /** Called when there may be something to tell; IDLE sets it. */
  onChange: (() => void) | null = null;
  /** Called when `rights` may not be true any more. */
  onRightsChange: (() => void) | null = null;

  private constructor(
    store: Store,
    { rights, accountModSeq }: Pick<KnownMailbox, 'rights' | 'accountModSeq'>,
    name: string,
    isExamined: boolean,
  ) {
    this.#store = store;
    this.name = name;
    this.#isExamined = isExamined;
    this.#rights = rights;
    this.#toldRights = rights;
    this.#rightsSeq = accountModSeq;
  }

  /**
   * @param isExamined whether it is opened to be read, and no more
   * @throws {StorageError} 'unavailable'
   */
  static async open(
    store: Store,
    found: Pick<KnownMailbox, 'account' | 'id' | 'accountModSeq' | 'rights'>,
    name: string,
    isExamined: boolean,
  ): Promise<MailboxView> {
    const view = new MailboxView(store, found, name, isExamined);
    const mailbox = await store.openMailbox(found.account, found.id, view, found.accountModSeq);
    view.#mailbox = mailbox;
    view.takeArrivals();
    view.#toldSeq = mailbox.seq;
    view.#toldModSeq = mailbox.highestModSeq;
    return view;
  }

  get mailbox(): SharedMailbox {
    if (this.#mailbox === null) throw new Error('the mailbox is not open');
    return this.#mailbox;
  }

  close(): void {
    this.onChange = null;
    this.onRightsChange = null;
    this.#store.closeMailbox(this.mailbox, this);
  }

  removed(uids: Uint32Array, presentAt: number): void {
    const told = uids.at(-1) ?? 0;
    const known = told <= this.#toldUid ? uids : uids.filter((uid) => uid <= this.#toldUid);
    if (known.length === 0) return;
    if (this.#untoldRemovals.length === 0) this.#removalsPresentAt = presentAt; // of later ones it is higher
    this.#untoldRemovals = merged(this.#untoldRemovals, known);
  }

  /** What the session may do with it. */
  get rights(): Rights {
    return this.#rights;
  }

  get isReadOnly(): boolean {
    return this.#isExamined || !isGranted(this.#rights, mayWrite);
  }

  /** There are more rights than before. */
  gain(rights: Rights): void {
    this.#rights = rights;
    this.onChange?.();
  }

  /** Whether the client has more rights than it was told of; and whether these let it write. */
  takeGain(): 'none' | 'some' | 'writable' {
    const told = this.#toldRights;
    this.#toldRights = this.#rights;
    if (this.#isExamined || told === this.#rights) return 'none';
    return isGranted(told, mayWrite) || this.isReadOnly ? 'some' : 'writable';
  }

  rightsChanged(): void {
    this.onRightsChange?.();
  }

  /** Whether the list of rights has changed since the first `rights` were read. */
  get mayHaveOtherRights(): boolean {
    return this.mailbox.aclSeq > this.#rightsSeq;
  }

  changed(): void {
    this.onChange?.();
  }

  lost(): void {
    this.onChange?.();
  }

  /** Messages above this are not told yet: UIDNEXT - 1, as the client knows it. */
  get toldUid(): number {
    return this.#toldUid;
  }

  /**
   * HIGHESTMODSEQ for the client: all that happened up to it was told. While a removal is held back it is below that removal's
   * modseq, so that who loses the connection now and comes back with it hears of the removal then (RFC 7162 §3.2, §6).
   */
  get modSeq(): number {
    return this.#untoldRemovals.length === 0 ? this.#toldModSeq : Math.min(this.#toldModSeq, this.#removalsPresentAt);
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
    let low = 0;
    let high = this.#recent.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#recent[middle]?.last ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    const range = this.#recent[low];
    return range !== undefined && range.first <= uid;
  }

  /** Makes messages with UIDs above `above` up to `last` recent to this connection. */
  addRecent(above: number, last: number): void {
    if (last <= above) return;
    const newest = this.#recent.at(-1);
    if (newest !== undefined && newest.last >= above) newest.last = Math.max(newest.last, last);
    else this.#recent.push({ first: above + 1, last });
  }

  /** No message is recent any more. */
  forgetRecent(): void {
    this.#recent = [];
  }

  get highestUid(): number {
    const at = this.#toldPositions();
    return Math.max(at === 0 ? 0 : this.mailbox.table.uid(at - 1), this.#untoldRemovals.at(-1) ?? 0);
  }

  /**
   * The sequence number of a message that is in the view.
   *
   * @param at its position in the arrays, if the caller knows it; negative if it is not there
   */
  sequenceNumber(uid: number, at = -1): number {
    const before = this.#untoldRemovals.length === 0 ? 0 : lowerBound(this.#untoldRemovals, uid);
    return (at >= 0 ? at : this.mailbox.table.lowerBound(uid)) + before + 1;
  }

  /**
   * The UIDs that a set names, ascending; UIDs of no message name nothing (RFC 9051 §6.4.9).
   *
   * @returns null if the set names a sequence number above the last
   */
  resolve(set: SequenceSet, kind: 'sequence' | 'uid'): Uint32Array | null {
    const { count } = this;
    if (kind === 'sequence' && set.exceeds(count)) return null;
    if (kind === 'sequence' && !set.includesSaved) return this.#select(set.ranges(count), (number) => number - 1);
    if (set.includesSaved && set.explicit.length === 0 && set.starFrom === null) return this.#resolveSaved();
    return this.#select(this.ranges(set, kind), (uid) => this.#rank(uid));
  }

  /**
   * As `resolve`, as ranges: a UID of the view is in one of them if the set names it. Sequence numbers above the last name nothing:
   * in searches they are no error (RFC 7377 §2).
   */
  ranges(set: SequenceSet, kind: 'sequence' | 'uid'): UidRanges {
    const named = kind === 'uid' ? set.ranges(this.highestUid) : this.#rangesOfNumbers(set);
    if (!set.includesSaved) return named;
    return new SequenceSet([...named, ...this.#savedRanges()]).explicit;
  }

  /**
   * Keeps messages of the view as what `$` stands for: RFC 5182 §2.1. Those that go later are UIDs of no message any more.
   *
   * @param uids ascending
   * @returns whether it could: it is nothing that `$` stands for now, if they lie in too many places
   */
  save(uids: Uint32Array): boolean {
    this.#saved = NONE;
    const all = this.uids();
    const bounds: number[] = [];
    let next = 0; // where the message stands that would make the last range longer
    for (const uid of uids) {
      if (all[next] === uid && bounds.length > 0) {
        bounds[bounds.length - 1] = uid;
      } else {
        if (bounds.length === 2 * SAVED_RANGES) return false;
        bounds.push(uid, uid);
        while ((all[next] ?? uid) < uid) next++;
      }
      next++;
    }
    this.#saved = Uint32Array.from(bounds);
    return true;
  }

  /** Those of messages that are there and told, above another, ascending. */
  uidsAbove(uid: number): Uint32Array {
    const { table } = this.mailbox;
    return table.uids().slice(table.lowerBound(uid + 1), this.#toldPositions());
  }

  /** All UIDs of the view, ascending. */
  uids(): Uint32Array {
    return this.#slice(0, this.count);
  }

  /** The numbers of the messages whose removal is to be told now, the last message first, so that each is right when it is told. */
  takeRemovals(): Uint32Array {
    const { table } = this.mailbox;
    return this.takeRemovedUids()
      .map((uid, before) => table.lowerBound(uid) + before + 1)
      .reverse();
  }

  /** As `takeRemovals`, their UIDs, ascending. */
  takeRemovedUids(): Uint32Array {
    const removed = this.#untoldRemovals;
    this.#untoldRemovals = NONE;
    return removed;
  }

  /** UIDs of messages whose removal is not told yet, ascending. */
  get removals(): Uint32Array {
    return this.#untoldRemovals;
  }

  get hasRemovals(): boolean {
    return this.#untoldRemovals.length > 0;
  }

  /** Takes the messages that came into the view; says whether there were any. */
  takeArrivals(): boolean {
    const { table, uidNext } = this.mailbox;
    const before = this.#toldUid;
    this.#toldUid = Math.max(uidNext - 1, table.lastUid());
    return table.lastUid() > before;
  }

  /** Whether FLAGS has named every keyword of a set of the shared arrays. */
  knowsKeywordsOf(set: number): boolean {
    if (set === 0 || set === this.#knownKeywordSet) return true;
    const knows = this.mailbox.table.keywordsOf(set).every((id) => this.#toldKeywords.has(id));
    if (knows) this.#knownKeywordSet = set;
    return knows;
  }

  /** FLAGS names all keywords in use now. */
  learnKeywords(): void {
    const ids = this.mailbox.keywordsInUse();
    this.#toldKeywords = ids.length === 0 ? NO_KEYWORDS : new Set(ids);
    this.#knownKeywordSet = 0;
  }

  /** UIDs of messages that were in the view before `takeArrivals` and whose flags changed since the last call. */
  takeFlagChanges(): Uint32Array {
    const { mailbox } = this;
    if (this.#toldSeq === mailbox.seq) return NONE;
    const all = mailbox.changedSince(this.#toldSeq);
    const changed = all.subarray(0, lowerBound(all, this.#toldUid + 1));
    this.#toldSeq = mailbox.seq;
    this.#toldModSeq = mailbox.highestModSeq;
    return changed;
  }

  /**
   * UIDs, ascending, of messages that changed or came after a modseq and are still there: as much work as there are changes, if
   * these are recent.
   *
   * @param ranges only of these
   */
  changedSince(modSeq: number, ranges: UidRanges): Uint32Array {
    const { mailbox } = this;
    const changed = mailbox.changedSince(modSeq);
    const { table } = mailbox;
    let [count, next, at] = [0, 0, 0];
    for (let i = 0; i < changed.length; i++) {
      const uid = changed[i] ?? 0;
      while ((ranges[next]?.last ?? Number.POSITIVE_INFINITY) < uid) next++;
      const range = ranges[next];
      if (range === undefined || uid > this.#toldUid) break;
      if (uid < range.first) continue;
      at = table.lowerBoundFrom(at, uid);
      if (table.modSeq(at) > modSeq) changed[count++] = uid;
    }
    return changed.subarray(0, count);
  }

  /** The modseq of a message; 0 if it is gone. */
  modSeqOf(uid: number): number {
    const { table } = this.mailbox;
    return table.modSeq(table.position(uid));
  }

  /** What ranges of UIDs hold beside messages of the view. */
  absentFrom(ranges: UidRanges): UidRanges {
    const absent: UidRange[] = [];
    let rank = 0;
    for (const { first, last } of ranges) {
      let from = first;
      rank = this.#rank(first, rank);
      for (const end = this.#rank(last + 1, rank); rank < end; rank++) {
        const uid = this.#uidAt(rank);
        if (uid > from) absent.push({ first: from, last: uid - 1 });
        from = uid + 1;
      }
      if (from <= last) absent.push({ first: from, last });
    }
    return absent;
  }

  /**
   * How far the UIDs of some messages, as a client knows them by their numbers, are those of the view: up to there it has heard
   * of all removals (RFC 7162 §3.2.5.2). Pairs behind the first that is wrong are not believed.
   *
   * @returns the UID of the last one that is right; 0 if none is
   */
  matchedUid(numbers: SequenceSet, uids: SequenceSet): number {
    const { count } = this;
    let matched = 0;
    const pairs = zipped(numbers.ranges(count), uids.ranges(this.#toldUid));
    for (const [number, uid] of pairs) {
      if (this.#uidAt(number - 1) !== uid) break;
      matched = uid;
    }
    return matched;
  }

  #rangesOfNumbers(set: SequenceSet): NumberRange[] {
    return set
      .ranges(this.count)
      .map(({ first, last }) => ({ first: this.#uidAt(first - 1), last: this.#uidAt(last - 1) }));
  }

  /** What `$` alone stands for, in one pass over the mailbox however many ranges it has. */
  #resolveSaved(): Uint32Array {
    const saved = this.#saved;
    const uids = this.uids();
    let at = 0;
    let count = 0;
    for (let i = 0; i < saved.length; i += 2) {
      const first = saved[i] ?? 0;
      const last = saved[i + 1] ?? 0;
      while ((uids[at] ?? first) < first) at++;
      for (let uid = uids[at]; uid !== undefined && uid <= last; uid = uids[++at]) uids[count++] = uid;
    }
    return uids.subarray(0, count);
  }

  *#savedRanges(): Generator<NumberRange, void> {
    const saved = this.#saved;
    for (let i = 0; i < saved.length; i += 2) yield { first: saved[i] ?? 0, last: saved[i + 1] ?? 0 };
  }

  /** Messages of the shared arrays that are told. */
  #toldPositions(): number {
    return this.mailbox.table.lowerBound(this.#toldUid + 1);
  }

  /** How many messages of the view have a lower UID. @param near the same of a lower one, if it is known */
  #rank(uid: number, near = 0): number {
    const told = Math.min(uid, this.#toldUid + 1);
    const { table } = this.mailbox;
    if (this.#untoldRemovals.length === 0) return near > 0 ? table.lowerBoundFrom(near, told) : table.lowerBound(told);
    return table.lowerBound(told) + lowerBound(this.#untoldRemovals, uid);
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

  #uidAt(rank: number): number {
    const before = this.#removedBelowRank(rank);
    const removed = this.#untoldRemovals[before];
    const isRemoved = removed !== undefined && this.#rank(removed) === rank;
    return isRemoved ? removed : this.mailbox.table.uid(rank - before);
  }

  /** How many of the removed ones stand at ranks below that. */
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

/** The numbers of two lists of ranges, pair by pair, as long as both have some. */
function* zipped(ones: readonly NumberRange[], others: UidRanges): Generator<readonly [number, number], void> {
  let next = 0;
  let other = others[0]?.first ?? 0;
  for (const { first, last } of ones) {
    for (let one = first; one <= last; one++) {
      const range = others[next];
      if (range === undefined) return;
      yield [one, other];
      if (other < range.last) other++;
      else other = others[++next]?.first ?? 0;
    }
  }
}

/** Of two ascending arrays without an element in common. */
function merged(one: Uint32Array, other: Uint32Array): Uint32Array {
  if (one.length === 0) return other;
  const all = new Uint32Array(one.length + other.length);
  let fromOther = 0;
  for (let i = 0; i < one.length; i++) {
    const uid = one[i] ?? 0;
    for (; fromOther < other.length && (other[fromOther] ?? 0) < uid; fromOther++)
      all[i + fromOther] = other[fromOther] ?? 0;
    all[i + fromOther] = uid;
  }
  all.set(other.subarray(fromOther), one.length + fromOther);
  return all;
}

/** Where `value` stands in an ascending array, or would. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
