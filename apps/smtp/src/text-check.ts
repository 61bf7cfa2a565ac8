import type { DataFault } from './data-reader.ts';
import { TEXT_LINE_OCTETS } from './limits.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Looks whether a message that comes in chunks is lines, as a DataReader does with one that comes by DATA: chunks end anywhere
 * and no dot means anything, but what is no line here would be none to the next server either (RFC 3030 §2).
 */
export class TextCheck {
  /** The first fault found. */
  fault: DataFault | null = null;
  readonly #scope: 'message' | 'header';
  #isOver = false;
  #isAfterCr = false;
  /** Octets of the present line in earlier pieces. */
  #lineOctets = 0;

  /** @param scope how much of the message must be lines: all of it, or the header section and the empty line behind it */
  constructor(scope: 'message' | 'header') {
    this.#scope = scope;
  }

  push(piece: Buffer): void {
    if (this.#isOver) return;
    const { length } = piece;
    let isAfterCr = this.#isAfterCr;
    let lineStart = -this.#lineOctets;
    for (let i = 0; i < length; i++) {
      const octet = piece[i] ?? NUL;
      if (octet > CR && !isAfterCr) continue;
      if (isAfterCr && octet === LF) {
        const lineOctets = i - 1 - lineStart;
        if (lineOctets > TEXT_LINE_OCTETS) this.#note('line-too-long');
        if (lineOctets === 0 && this.#scope === 'header') {
          this.#isOver = true;
          return;
        }
        lineStart = i + 1;
        isAfterCr = false;
      } else {
        if (isAfterCr) this.#note('bare-cr');
        if (octet === LF) this.#note('bare-lf');
        else if (octet === NUL) this.#note('nul');
        isAfterCr = octet === CR;
      }
    }
    if (length - lineStart > TEXT_LINE_OCTETS + 1) this.#note('line-too-long');
    this.#lineOctets = length - lineStart;
    this.#isAfterCr = isAfterCr;
  }

  /** To be called behind the last piece. */
  end(): void {
    if (this.#isOver) return;
    if (this.#isAfterCr) this.#note('bare-cr');
    else if (this.#lineOctets > TEXT_LINE_OCTETS) this.#note('line-too-long');
  }

  #note(fault: DataFault): void {
    this.fault ??= fault;
  }
}
