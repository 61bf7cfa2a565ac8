import { GrowingArray } from './growing-array.ts';
import { eachSlot, SLOTS } from './text-slots.ts';

/** Texts of a segment: their numbers in it have twelve bits. */
const NUMBER_BITS = 12;
export const MOST_TEXTS = 1 << NUMBER_BITS;
/** Entries of a segment: 1,000 a text is what mail of 4 kB has. One text has SLOTS at most. */
const MOST_ENTRIES = 2_097_152;
const BITMAP_OCTETS = MOST_TEXTS / 8;
/** Of an id at most: they are below 2^53. */
const ID_OCTETS = 8;
/** Slots whose entries stand in one row: some 4 kB in a full segment. */
const SLOTS_A_ROW = 128;

/** The row of a segment that has its ids; those before have the entries of slots. */
export const ROW_OF_IDS = SLOTS / SLOTS_A_ROW;

/** Which row of a segment has the entries of a slot. */
export const rowOf = (slot: number): number => Math.floor(slot / SLOTS_A_ROW);

/**
 * A part of the index of texts: for each slot the texts that have it. A row holds, for each of its
 * slots, how many octets follow, and in these the texts' numbers, each as its distance from the one before; or, where that
 * takes as many octets or more, BITMAP_OCTETS with a bit for each text. Numbers, but for those bits, are written in groups of
 * seven bits, the low ones first.
 */
export class SegmentBuilder {
  /** Of each text; ascending, and twice where there are two texts. */
  readonly #ids: number[] = [];
  /** The slot, and in the lower bits the text's number. */
  readonly #entries = new GrowingArray((length) => new Uint32Array(length));
  /** Who took the slot last: its number and one. */
  readonly #takenBy = new Uint16Array(SLOTS);

  /** Of texts. */
  get count(): number {
    return this.#ids.length;
  }

  /** 0 while there is none. */
  get lastId(): number {
    return this.#ids.at(-1) ?? 0;
  }

  get isFull(): boolean {
    return this.count > MOST_TEXTS - 2 || this.#entries.length > MOST_ENTRIES - 2 * SLOTS;
  }

  /**
   * Adds what stands in one row of the store. A text that is null is not known, and taken to have every slot.
   *
   * @param id above those before
   */
  add(id: number, header: string | null, body: string | null): void {
    this.#add(id, header);
    if (body !== '') this.#add(id, body);
  }

  /** Whether it has room for all of a segment. @param octets of its rows of slots: an entry has one, as a rule */
  hasRoomFor(texts: number, octets: number): boolean {
    return this.count + texts <= MOST_TEXTS && this.#entries.length + octets - SLOTS <= MOST_ENTRIES;
  }

  /** Adds all of a segment for which there is room. @param rows as `rows` gives them; their ids are above those before */
  addSegment(rows: readonly Buffer[]): void {
    const first = this.count;
    this.#ids.push(...readIds(rows[ROW_OF_IDS] ?? NONE));
    for (const [place, row] of rows.slice(0, ROW_OF_IDS).entries()) {
      eachEntry(row, (slot, number) => this.#entries.push((place * SLOTS_A_ROW + slot) * MOST_TEXTS + first + number));
    }
  }

  #add(id: number, text: string | null): void {
    const number = this.#ids.push(id) - 1;
    const take = (slot: number) => {
      if (this.#takenBy[slot] === number + 1) return;
      this.#takenBy[slot] = number + 1;
      this.#entries.push(slot * MOST_TEXTS + number);
    };
    if (text !== null) eachSlot(text, take);
    else for (let slot = 0; slot < SLOTS; slot++) take(slot);
  }

  /** Rows from 0 on, the last one being that of ids. */
  rows(): readonly Buffer[] {
    const { numbers, starts } = this.#bySlot();
    const rows: Buffer[] = [];
    const octets = Buffer.alloc(SLOTS_A_ROW * (BITMAP_OCTETS + 2));
    for (let first = 0; first < SLOTS; first += SLOTS_A_ROW) {
      let at = 0;
      for (let slot = first; slot < first + SLOTS_A_ROW; slot++) {
        at = writeSlot(octets, at, numbers.subarray(starts[slot], starts[slot + 1]));
      }
      rows.push(Buffer.from(octets.subarray(0, at)));
    }
    return [...rows, writeIds(this.#ids)];
  }

  /** The numbers of each slot, ascending as they came, from its start up to that of the next one. */
  #bySlot() {
    const entries = this.#entries.view();
    const starts = new Uint32Array(SLOTS + 1);
    // By index and shift: with iterators and divisions a whole segment took a third more time.
    for (let i = 0; i < entries.length; i++) raise(starts, ((entries[i] ?? 0) >>> NUMBER_BITS) + 1);
    let sum = 0;
    for (let slot = 0; slot <= SLOTS; slot++) {
      sum += starts[slot] ?? 0;
      starts[slot] = sum;
    }
    const next = starts.slice();
    const numbers = new Uint16Array(entries.length);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] ?? 0;
      numbers[raise(next, entry >>> NUMBER_BITS)] = entry & (MOST_TEXTS - 1);
    }
    return { numbers, starts };
  }
}

/** How many of the slots each text of a segment has. */
export class SlotCounter {
  readonly counts = new Uint16Array(MOST_TEXTS);

  /** @param row the one that `rowOf` names */
  add(row: Buffer, slot: number): void {
    const reader = new NumberReader(row);
    let octets = reader.next();
    for (let skipped = slot % SLOTS_A_ROW; skipped > 0; skipped--) {
      reader.at += octets;
      octets = reader.next();
    }
    readSlot(row, reader, octets, (number) => raise(this.counts, number));
  }
}

/** Tells all that a row of slots has. @param take gets the slot's place in the row */
export function eachEntry(row: Buffer, take: (slot: number, number: number) => void): void {
  const reader = new NumberReader(row);
  for (let slot = 0; reader.at < row.length; slot++)
    readSlot(row, reader, reader.next(), (number) => take(slot, number));
}

/** Tells the numbers of a slot, of which so many octets come next. */
function readSlot(row: Buffer, reader: NumberReader, octets: number, take: (number: number) => void): void {
  const end = reader.at + octets;
  if (octets === BITMAP_OCTETS) {
    for (let number = 0; number < MOST_TEXTS; number++) {
      if (((row[reader.at + (number >> 3)] ?? 0) & (1 << (number & 7))) !== 0) take(number);
    }
    reader.at = end;
    return;
  }
  for (let number = -1; reader.at < end; take(number)) number += reader.next();
}

/** The ids of all texts, in the order of their numbers: of two with one id the first is a header, and the second a body. */
export function readIds(row: Buffer): readonly number[] {
  const ids: number[] = [];
  eachText(row, (_, id) => ids.push(id));
  return ids;
}

/** As `readIds`, without a list. */
export function eachText(row: Buffer, take: (number: number, id: number, isBody: boolean) => void): void {
  const reader = new NumberReader(row);
  for (let number = 0, id = 0; reader.at < row.length; number++) {
    const distance = reader.next();
    id += distance;
    take(number, id, distance === 0);
  }
}

/** @returns what it was before */
function raise(counts: Uint16Array | Uint32Array, at: number): number {
  const count = counts[at] ?? 0;
  counts[at] = count + 1;
  return count;
}

/** @returns where the next one begins */
function writeSlot(octets: Buffer, start: number, numbers: Uint16Array): number {
  let length = 0;
  for (let before = -1, i = 0; i < numbers.length; before = numbers[i++] ?? 0)
    length += (numbers[i] ?? 0) - before > 0x7f ? 2 : 1;
  if (length < BITMAP_OCTETS) {
    let at = writeNumber(octets, start, length);
    for (let before = -1, i = 0; i < numbers.length; before = numbers[i++] ?? 0)
      at = writeNumber(octets, at, (numbers[i] ?? 0) - before);
    return at;
  }
  const at = writeNumber(octets, start, BITMAP_OCTETS);
  octets.fill(0, at, at + BITMAP_OCTETS);
  for (const number of numbers) {
    const octet = at + (number >> 3);
    octets[octet] = (octets[octet] ?? 0) | (1 << (number & 7));
  }
  return at + BITMAP_OCTETS;
}

const NONE = Buffer.alloc(0);

function writeIds(ids: readonly number[]): Buffer {
  const octets = Buffer.alloc(ids.length * ID_OCTETS);
  let at = 0;
  let before = 0;
  for (const id of ids) {
    at = writeNumber(octets, at, id - before);
    before = id;
  }
  return octets.subarray(0, at);
}

/** @returns where it ends */
function writeNumber(octets: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) octets[at++] = (rest % 0x80) | 0x80;
  octets[at++] = rest;
  return at;
}

class NumberReader {
  readonly #octets: Buffer;
  at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const octet = this.#octets[this.at++] ?? 0;
      value += (octet & 0x7f) * factor;
      if (octet < 0x80) return value;
    }
  }
}
