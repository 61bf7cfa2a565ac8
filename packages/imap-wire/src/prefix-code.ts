import { InflateError } from './inflate-error.ts';

const LONGEST_CODE = 15;

/** Of ten bits the other way round. */
const REVERSED = Uint16Array.from({ length: 1024 }, (_, bits) => {
  let reversed = 0;
  for (let i = 0; i < 10; i++) reversed |= ((bits >> i) & 1) << (9 - i);
  return reversed;
});

/** A set of codes for symbols, by the lengths of the codes: RFC 1951 §3.2.2. */
export class PrefixCode {
  /**
   * By as many bits as follow: the symbol, shifted by 4, and the length of its code. 0 for a code that is longer, and for none.
   */
  readonly table: Uint16Array;
  readonly #counts = new Uint16Array(LONGEST_CODE + 1);
  /** Those that have a code, the shortest first. */
  readonly #symbols: Uint16Array;

  /**
   * @param tableBits up to 10
   * @throws {InflateError} if no code has these lengths, or not all bits would mean something
   */
  constructor(lengths: Uint8Array, tableBits: number) {
    const counts = this.#counts;
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    const unused = counts[0] ?? 0;
    counts[0] = 0;
    this.#symbols = new Uint16Array(lengths.length - unused);
    this.table = new Uint16Array(1 << tableBits);

    const offsets = new Uint16Array(LONGEST_CODE + 1);
    let free = 1;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      const count = counts[length] ?? 0;
      free = free * 2 - count;
      if (free < 0) throw new InflateError('More codes than there can be');
      offsets[length] = (offsets[length - 1] ?? 0) + (counts[length - 1] ?? 0);
    }
    // A single code of one bit, or none at all, is what says that there are no distances: RFC 1951 §3.2.7.
    if (free > 0 && this.#symbols.length > (counts[1] ?? 0)) throw new InflateError('Some bits have no meaning');
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] ?? 0;
      if (length === 0) continue;
      const at = offsets[length] ?? 0;
      this.#symbols[at] = symbol;
      offsets[length] = at + 1;
    }
    this.#fillTable(tableBits);
  }

  /**
   * Finds a code of any length.
   *
   * @param bits what comes, the next bit lowest, of which there are `bitCount`
   * @returns as in `table`; 0 if more bits are needed
   * @throws {InflateError} if these bits have no meaning
   */
  find(bits: number, bitCount: number): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      if (length > bitCount) return 0;
      code |= (bits >>> (length - 1)) & 1;
      const count = this.#counts[length] ?? 0;
      if (code - first < count) return ((this.#symbols[index + code - first] ?? 0) << 4) | length;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new InflateError('The bits have no meaning');
  }

  #fillTable(tableBits: number): void {
    const { table } = this;
    let code = 0;
    let index = 0;
    for (let length = 1; length <= tableBits; length++, code <<= 1) {
      for (let left = this.#counts[length] ?? 0; left > 0; left--, code++, index++) {
        const entry = ((this.#symbols[index] ?? 0) << 4) | length;
        const step = 1 << length;
        for (let at = (REVERSED[code] ?? 0) >> (10 - length); at < table.length; at += step) table[at] = entry;
      }
    }
  }
}
