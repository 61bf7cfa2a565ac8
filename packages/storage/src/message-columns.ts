import { setImmediate as nextTurn } from 'node:timers/promises';
import { GrowingArray } from './growing-array.ts';
import { HashNumbers } from './hash-numbers.ts';
import { placesUpTo, sortInTurns } from './sort-in-turns.ts';
import { LINK_OCTETS, readLinkKind } from './thread-links.ts';

const uint8 = (length: number) => new Uint8Array(length);
const uint32 = (length: number) => new Uint32Array(length);
const float64 = (length: number) => new Float64Array(length);

/** What stands at these places. */
function pick<Kind extends Uint8Array | Uint32Array | Float64Array>(from: Kind, places: Uint32Array, into: Kind): Kind {
  for (let i = 0; i < places.length; i++) into[i] = from[places[i] ?? 0] ?? 0;
  return into;
}

/** One thing of each of a mailbox's messages, in ascending order of UIDs. */
abstract class MessageColumn {
  protected readonly uids = new GrowingArray(uint32);

  get lastUid(): number {
    return this.uids.at(this.uids.length - 1);
  }

  /** Octets of memory, about. */
  abstract get octets(): number;

  /** @param uid above all before it @param value octets of `packed`, empty if nothing is known of the message */
  add(uid: number, packed: Buffer, start: number, end: number): void {
    this.uids.push(uid);
    this.addValue(packed, start, end);
  }

  protected abstract addValue(packed: Buffer, start: number, end: number): void;

  /** Where the messages are, which ascend; null if one up to `lastUid` is not here. */
  positionsOf(uids: Uint32Array): Uint32Array | null {
    const known = this.uids.view();
    const positions = new Uint32Array(uids.length);
    let at = 0;
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      while (at < known.length && (known[at] ?? 0) < uid) at++;
      if (at === known.length) return positions.subarray(0, i);
      if (known[at] !== uid) return null;
      positions[i] = at;
    }
    return positions;
  }
}

/** Numbers: of eight octets each, in two's complement. */
export class NumberColumn extends MessageColumn {
  readonly #values = new GrowingArray(float64);

  get octets(): number {
    return this.uids.octets + this.#values.octets;
  }

  protected addValue(packed: Buffer, start: number, end: number): void {
    this.#values.push(start === end ? 0 : packed.readInt32BE(start) * 2 ** 32 + packed.readUInt32BE(start + 4));
  }

  at(positions: Uint32Array): Float64Array {
    return pick(this.#values.view(), positions, new Float64Array(positions.length));
  }
}

/** A string in memory, and in a map. */
const TEXT_OVERHEAD_OCTETS = 100;

/** Texts, which compare as their octets do. */
export class TextColumn extends MessageColumn {
  readonly #numbers = new GrowingArray(uint32);
  /** Octets as characters, which so compare as octets. */
  readonly #texts: string[] = [];
  readonly #numberOf = new Map<string, number>();
  #textOctets = 0;
  /** By number; as long as there were texts when they were sorted last. */
  #ranks = new Uint32Array(0);

  get octets(): number {
    return this.uids.octets + this.#numbers.octets + this.#textOctets + this.#ranks.byteLength;
  }

  protected addValue(packed: Buffer, start: number, end: number): void {
    const text = packed.toString('latin1', start, end);
    let number = this.#numberOf.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#texts.push(text);
      this.#numberOf.set(text, number);
      this.#textOctets += text.length + TEXT_OVERHEAD_OCTETS;
    }
    this.#numbers.push(number);
  }

  /** Numbers that compare as the texts do: 0 for the empty text, and for no other. */
  async ranksAt(positions: Uint32Array, signal: AbortSignal): Promise<Uint32Array> {
    if (this.#ranks.length < this.#texts.length) await this.#rank(signal);
    const numbers = pick(this.#numbers.view(), positions, new Uint32Array(positions.length));
    return pick(this.#ranks, numbers, new Uint32Array(positions.length));
  }

  async #rank(signal: AbortSignal): Promise<void> {
    const texts = this.#texts;
    const order = await sortInTurns(
      placesUpTo(texts.length),
      (a, b) => {
        const [one, other] = [texts[a] ?? '', texts[b] ?? ''];
        return one < other ? -1 : one > other ? 1 : 0;
      },
      signal,
    );
    const ranks = new Uint32Array(texts.length);
    const first = texts[order[0] ?? 0] === '' ? 0 : 1;
    for (let rank = 0; rank < order.length; rank++) ranks[order[rank] ?? 0] = rank + first;
    this.#ranks = ranks;
  }
}

/** Who answers whom: Message-IDs are numbers from 1 on. Of the message at `i` all arrays say something. */
export interface ThreadLinks {
  readonly isReplyOrForward: Uint8Array;
  /** 0: it has none. */
  readonly messageIds: Uint32Array;
  /** From `referenceStarts[i]` to `referenceStarts[i + 1]` stand those that it refers to, from the eldest to the parent. */
  readonly referenceStarts: Uint32Array;
  readonly references: Uint32Array;
  /** No number is higher. */
  readonly highest: number;
}

export class LinkColumn extends MessageColumn {
  readonly #replies = new GrowingArray(uint8);
  readonly #messageIds = new GrowingArray(uint32);
  readonly #ends = new GrowingArray(uint32);
  readonly #references = new GrowingArray(uint32);
  readonly #numbers = new HashNumbers();

  get octets(): number {
    const arrays = [this.uids, this.#replies, this.#messageIds, this.#ends, this.#references, this.#numbers];
    return arrays.reduce((sum, { octets }) => sum + octets, 0);
  }

  protected addValue(packed: Buffer, start: number, end: number): void {
    const { isReplyOrForward, hasMessageId } = readLinkKind(start === end ? 0 : packed.readUInt8(start));
    this.#replies.push(isReplyOrForward ? 1 : 0);
    let at = start + 1;
    if (hasMessageId) {
      this.#messageIds.push(this.#numbers.number(packed, at));
      at += LINK_OCTETS;
    } else this.#messageIds.push(0);
    for (; at < end; at += LINK_OCTETS) this.#references.push(this.#numbers.number(packed, at));
    this.#ends.push(this.#references.length);
  }

  /** Others get their turn between passes: each takes up to 20 ms for 1,000,000 messages. Nothing may be added meanwhile. */
  async at(positions: Uint32Array): Promise<ThreadLinks> {
    const { length } = positions;
    const referenceStarts = new Uint32Array(length + 1);
    const startOf = (at: number) => (at === 0 ? 0 : this.#ends.at(at - 1));
    for (let i = 0; i < length; i++) {
      const at = positions[i] ?? 0;
      referenceStarts[i + 1] = (referenceStarts[i] ?? 0) + this.#ends.at(at) - startOf(at);
    }
    await nextTurn();
    const references = new Uint32Array(referenceStarts[length] ?? 0);
    const all = this.#references.view();
    for (let i = 0; i < length; i++) {
      const at = positions[i] ?? 0;
      const end = this.#ends.at(at);
      for (let from = startOf(at), to = referenceStarts[i] ?? 0; from < end; ) references[to++] = all[from++] ?? 0;
    }
    await nextTurn();
    return {
      isReplyOrForward: pick(this.#replies.view(), positions, new Uint8Array(length)),
      messageIds: pick(this.#messageIds.view(), positions, new Uint32Array(length)),
      referenceStarts,
      references,
      highest: this.#numbers.count,
    };
  }
}
