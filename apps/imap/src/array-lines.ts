import type { FetchItem } from './fetch-items.ts';

/** What the arrays of a mailbox answer. */
export const ARRAY_ITEMS = ['uid', 'flags', 'modseq'] as const satisfies readonly FetchItem['type'][];

/** A line with all of them, of a message without keywords, has 126 octets at most. */
export const ARRAY_LINE_OCTETS = 128;

const LABELS = { uid: 'UID ', flags: 'FLAGS ', modseq: 'MODSEQ (' } as const;
const CLOSING = { uid: '', flags: '', modseq: ')' } as const;

/** What the arrays hold of a message. */
interface ArrayMessage {
  readonly sequenceNumber: number;
  readonly uid: number;
  /** A flag list in wire form. */
  readonly flags: Buffer;
  readonly modSeq: number;
}

/**
 * Writes FETCH responses of nothing but what the arrays hold, octet by octet: clients ask for the flags of a whole mailbox again and again,
 * and written an element at a time such a line took twice as long.
 */
export class ArrayLines {
  readonly #items: readonly (typeof ARRAY_ITEMS)[number][];
  /** What stands before each item's value, and behind the last. */
  readonly #between: readonly Uint8Array[];

  private constructor(items: readonly (typeof ARRAY_ITEMS)[number][]) {
    this.#items = items;
    const closing = ['', ...items.map((item) => CLOSING[item])];
    this.#between = [...items.map((item) => LABELS[item]), ')\r\n'].map((label, at) => {
      const isInside = at > 0 && at < items.length;
      return Buffer.from(`${at === 0 ? ' FETCH (' : closing[at]}${isInside ? ' ' : ''}${label}`);
    });
  }

  /** @returns null if it takes more than the arrays to answer */
  static of(items: readonly FetchItem[]): ArrayLines | null {
    const types = items.flatMap(({ type }) => ARRAY_ITEMS.find((item) => item === type) ?? []);
    return types.length === items.length ? new ArrayLines(types) : null;
  }

  get tellsModSeq(): boolean {
    return this.#items.includes('modseq');
  }

  /** @returns the position in `chunk` behind the line, which begins at `at` */
  write(chunk: Buffer, at: number, { sequenceNumber, uid, flags, modSeq }: ArrayMessage): number {
    chunk[at] = 0x2a;
    chunk[at + 1] = 0x20;
    let end = digits(chunk, at + 2, sequenceNumber);
    for (let i = 0; i < this.#items.length; i++) {
      end = copy(chunk, end, this.#between[i] as Uint8Array);
      const item = this.#items[i];
      if (item === 'flags') end = copy(chunk, end, flags);
      else end = digits(chunk, end, item === 'uid' ? uid : modSeq);
    }
    return copy(chunk, end, this.#between[this.#items.length] as Uint8Array);
  }
}

function copy(chunk: Buffer, at: number, octets: Uint8Array): number {
  const { length } = octets;
  for (let i = 0; i < length; i++) chunk[at + i] = octets[i] as number;
  return at + length;
}

function digits(chunk: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let scale = 10; scale <= value; scale *= 10) end++;
  let rest = value;
  let next = end - 1;
  for (; rest > 0x7fffffff; next--) {
    const quotient = Math.floor(rest / 10);
    chunk[next] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  for (; next >= at; next--) {
    const quotient = (rest / 10) | 0;
    chunk[next] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  return end;
}
