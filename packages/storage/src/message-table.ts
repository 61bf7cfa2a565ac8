import { type FlagEdit, keywordMode, systemFlagMasks } from './flags.ts';
import type { PackedMessage } from './packed-messages.ts';
import type { UidRanges } from './uid-ranges.ts';

const FIRST_CAPACITY = 16;
/** Array growth: a mailbox of 1,000,000 messages holds 17 MB, and at most an eighth more. */
const GROWTH = 1.125;
/** Messages for which there is room though they may be gone. */
const SMALL_CAPACITY = 1_024;

const NONE: readonly number[] = [];

interface KeywordSet {
  readonly key: string;
  readonly keywords: readonly number[];
  /** How many messages have it. */
  messages: number;
}

/**
 * The messages of a mailbox as parallel arrays, ascending by UID: 17 octets a message. Positions count from 0 and move when
 * messages before them go.
 */
export class MessageTable {
  #length = 0;
  #uids = new Uint32Array(0);
  #modSeqs = new Float64Array(0);
  #flags = new Uint8Array(0);
  /** Ids of sets, so that the many messages with the same keywords share one list. */
  #keywordSets = new Uint32Array(0);
  readonly #sets = new Map<number, KeywordSet>();
  readonly #setIds = new Map<string, number>();
  #nextSetId = 1;

  get length(): number {
    return this.#length;
  }

  uid(position: number): number {
    return this.#uids[position] ?? 0;
  }

  modSeq(position: number): number {
    return this.#modSeqs[position] ?? 0;
  }

  flags(position: number): number {
    return this.#flags[position] ?? 0;
  }

  /** Equal for messages with the same keywords, 0 for none. It never stands for other keywords later. */
  keywordSet(position: number): number {
    return this.#keywordSets[position] ?? 0;
  }

  /** Keyword ids of a set, ascending. */
  keywordsOf(set: number): readonly number[] {
    return this.#sets.get(set)?.keywords ?? NONE;
  }

  /** Ids of the keywords that some message bears, ascending. */
  keywordsInUse(): readonly number[] {
    const ids = new Set<number>();
    for (const { keywords } of this.#sets.values()) for (const id of keywords) ids.add(id);
    return [...ids].sort((a, b) => a - b);
  }

  /** UIDs of the messages with a higher modseq, ascending. */
  changedSince(seq: number): Uint32Array {
    const [modSeqs, uids, length] = [this.#modSeqs, this.#uids, this.#length];
    let count = 0;
    for (let i = 0; i < length; i++) if ((modSeqs[i] as number) > seq) count++;
    const changed = new Uint32Array(count);
    for (let i = 0, next = 0; next < count; i++) if ((modSeqs[i] as number) > seq) changed[next++] = uids[i] as number;
    return changed;
  }

  /** Position of the first message without a flag, a bit of SystemFlag; `length` if all have it. */
  firstWithout(flag: number): number {
    const flags = this.#flags;
    const length = this.#length;
    let at = 0;
    while (at < length && ((flags[at] as number) & flag) !== 0) at++;
    return at;
  }

  /** Makes room for so many messages at once. */
  reserve(length: number): void {
    if (length > this.#uids.length) this.#resize(length);
  }

  /** The UIDs, a view that the next change makes stale. */
  uids(): Uint32Array {
    return this.#uids.subarray(0, this.#length);
  }

  lastUid(): number {
    return this.#length === 0 ? 0 : this.uid(this.#length - 1);
  }

  /** Position of the first message whose UID is not below `uid`; `length` if there is none. */
  lowerBound(uid: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.uid(middle) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * As `lowerBound`, for who goes through ascending UIDs: it takes as few steps as the position is near the one before.
   *
   * @param near a position of a lower UID, or where one would be; any other costs time and nothing else
   */
  lowerBoundFrom(near: number, uid: number): number {
    if (near < 0 || near > this.#length || (near > 0 && this.uid(near - 1) >= uid)) return this.lowerBound(uid);
    let low = near;
    let high = near;
    for (let step = 1; high < this.#length && this.uid(high) < uid; step *= 2) {
      low = high + 1;
      high += step;
    }
    high = Math.min(high, this.#length);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.uid(middle) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * @param near as for `lowerBoundFrom`, if there was one before
   * @returns -1 if the message is not here
   */
  position(uid: number, near: number | null = null): number {
    const at = near === null ? this.lowerBound(uid) : this.lowerBoundFrom(near, uid);
    return at < this.#length && this.uid(at) === uid ? at : -1;
  }

  /** Sets one message; a new one must have a higher UID than all before it, others are passed over. */
  set(message: PackedMessage): void {
    let at = this.#length;
    if (message.uid <= this.lastUid()) {
      at = this.position(message.uid);
      if (at < 0 || this.modSeq(at) > message.modSeq) return;
    } else {
      if (at === this.#uids.length) this.#resize(Math.max(FIRST_CAPACITY, Math.ceil(at * GROWTH)));
      this.#length++;
      this.#uids[at] = message.uid;
      this.#keywordSets[at] = 0;
    }
    this.#modSeqs[at] = message.modSeq;
    this.#flags[at] = message.flags;
    const before = this.keywordSet(at);
    this.#keywordSets[at] = this.#enterSet(message.keywords);
    this.#leaveSet(before);
  }

  /**
   * Edits the flags of messages.
   *
   * @param keywords ids of the keywords that the edit names, ascending
   * @returns the UIDs of those that are here, ascending
   */
  edit(ranges: UidRanges, modSeq: number, edit: FlagEdit, keywords: readonly number[]): Uint32Array {
    const { keep, set: systemSet } = systemFlagMasks(edit);
    const edited: number[] = [];
    /** By the set before. */
    const lists = new Map<number, readonly number[]>();
    for (const { first, last } of ranges) {
      for (let at = this.lowerBound(first); at < this.#length && this.uid(at) <= last; at++) {
        const set = this.keywordSet(at);
        let list = lists.get(set);
        if (list === undefined) {
          list = editKeywords(this.keywordsOf(set), keywordMode(edit), keywords);
          lists.set(set, list);
        }
        this.#modSeqs[at] = modSeq;
        this.#flags[at] = (this.flags(at) & keep) | systemSet;
        this.#keywordSets[at] = this.#enterSet(list);
        this.#leaveSet(set);
        edited.push(this.uid(at));
      }
    }
    return Uint32Array.from(edited);
  }

  /** Takes messages out, in one pass over what lies behind the first; returns their UIDs, ascending. */
  remove(ranges: UidRanges): Uint32Array {
    const removed: number[] = [];
    let write = 0; // where the next survivor goes
    let read = 0; // where it is now
    for (const { first, last } of ranges) {
      const from = this.lowerBound(first);
      const to = this.lowerBound(last + 1);
      if (from === to) continue;
      if (removed.length > 0) this.#move(read, from, write);
      write += from - read;
      for (let i = from; i < to; i++) {
        removed.push(this.uid(i));
        this.#leaveSet(this.keywordSet(i));
      }
      read = to;
    }
    if (removed.length > 0) {
      this.#move(read, this.#length, write);
      this.#length -= removed.length;
      // A mailbox that was emptied may be kept for long: see ClosedMailboxes, which counts messages.
      if (this.#uids.length > SMALL_CAPACITY && this.#length < this.#uids.length / 4) {
        this.#resize(Math.ceil(this.#length * GROWTH));
      }
    }
    return Uint32Array.from(removed);
  }

  #move(from: number, to: number, target: number): void {
    this.#uids.copyWithin(target, from, to);
    this.#modSeqs.copyWithin(target, from, to);
    this.#flags.copyWithin(target, from, to);
    this.#keywordSets.copyWithin(target, from, to);
  }

  #resize(capacity: number): void {
    const length = this.#length;
    const resized = <T extends Uint32Array | Float64Array | Uint8Array>(array: T, to: T): T => {
      to.set(array.subarray(0, length));
      return to;
    };
    this.#uids = resized(this.#uids, new Uint32Array(capacity));
    this.#modSeqs = resized(this.#modSeqs, new Float64Array(capacity));
    this.#flags = resized(this.#flags, new Uint8Array(capacity));
    this.#keywordSets = resized(this.#keywordSets, new Uint32Array(capacity));
  }

  #enterSet(keywords: readonly number[]): number {
    if (keywords.length === 0) return 0;
    const key = keywords.join(' ');
    let id = this.#setIds.get(key);
    if (id === undefined) {
      id = this.#nextSetId++;
      this.#setIds.set(key, id);
      this.#sets.set(id, { key, keywords, messages: 0 });
    }
    const set = this.#sets.get(id);
    if (set !== undefined) set.messages++;
    return id;
  }

  /** A set that no message has is forgotten: a client can make ever new ones. */
  #leaveSet(id: number): void {
    const set = this.#sets.get(id);
    if (set === undefined || --set.messages > 0) return;
    this.#sets.delete(id);
    this.#setIds.delete(set.key);
  }
}

/** As the SQL function edit_keywords. */
function editKeywords(before: readonly number[], mode: FlagEdit['mode'], edited: readonly number[]): readonly number[] {
  switch (mode) {
    case 'add':
      return [...new Set([...before, ...edited])].sort((a, b) => a - b);
    case 'remove':
      return before.filter((id) => !edited.includes(id));
    case 'replace':
      return edited;
    default:
      return mode satisfies never;
  }
}
