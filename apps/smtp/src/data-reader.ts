import { TEXT_LINE_OCTETS } from './limits.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** Why what was read is no message that may be stored. */
export type DataFault = 'bare-cr' | 'bare-lf' | 'nul' | 'line-too-long';

/** What the octets before the next one are. */
const State = {
  LineStart: 0,
  Text: 1,
  Cr: 2,
  /** A dot at the start of a line, which is never content: RFC 5321 §4.5.2. */
  Dot: 3,
  DotCr: 4,
} as const;
type State = (typeof State)[keyof typeof State];

/** What a chunk gave. */
export interface DataPiece {
  /** Octets of the message, a part of the chunk itself where no dot had to go. */
  readonly content: Buffer;
  /** Octets of the chunk that belong to the data; those behind them are the client's next commands. */
  readonly consumedOctets: number;
}

/**
 * Finds the end of data and undoes the dots that the client put in for transparency (RFC 5321 §4.5.2), octet by octet, so
 * that it does not matter where packets are cut.
 *
 * Only CRLF ends a line and only CRLF.CRLF the data (RFC 5321 §2.3.8, §4.1.1.4): a server that takes more than that lets
 * one message smuggle another past those that do not. A fault is noted, and the reading goes on to the real end.
 */
export class DataReader {
  /** The first fault found. */
  fault: DataFault | null = null;
  isAtEnd = false;
  #state: State = State.LineStart;
  /** Octets of the present line in earlier chunks. */
  #lineOctets = 0;

  /** Reads on. Not to be called after the end. */
  push(chunk: Buffer): DataPiece {
    const { length } = chunk;
    let state = this.#state;
    // Where the present line would begin if all of it were in this chunk.
    let lineStart = -this.#lineOctets;
    // Content of this chunk is what `unstuffed` holds, and chunk[start..i].
    let start = 0;
    let unstuffed: Unstuffed | null = null;
    let i = 0;

    for (; i < length; i++) {
      const octet = chunk[i] ?? NUL;
      if (octet > CR && state === State.Text) continue;

      if (state === State.LineStart && octet === DOT) {
        unstuffed ??= new Unstuffed(chunk);
        unstuffed.add(start, i);
        start = i + 1;
        state = State.Dot;
      } else if (state === State.Dot && octet === CR) {
        state = State.DotCr;
      } else if (state === State.DotCr && octet === LF) {
        this.isAtEnd = true;
        break;
      } else if (state === State.Cr && octet === LF) {
        if (i - 1 - lineStart > TEXT_LINE_OCTETS) this.#note('line-too-long');
        lineStart = i + 1;
        state = State.LineStart;
      } else {
        if (state === State.Cr || state === State.DotCr) this.#note('bare-cr');
        if (octet === LF) this.#note('bare-lf');
        else if (octet === NUL) this.#note('nul');
        state = octet === CR ? State.Cr : State.Text;
      }
    }

    // After a dot a CR is content only if no LF follows, and then it is a fault and nothing is content any more.
    const end = this.isAtEnd ? start : state === State.DotCr ? length - 1 : length;
    if (!this.isAtEnd && length - lineStart > TEXT_LINE_OCTETS + 1) this.#note('line-too-long');
    this.#lineOctets = length - lineStart;
    this.#state = state;
    const consumedOctets = this.isAtEnd ? i + 1 : length;
    if (unstuffed === null) return { content: chunk.subarray(0, end), consumedOctets };
    unstuffed.add(start, end);
    return { content: unstuffed.octets, consumedOctets };
  }

  #note(fault: DataFault): void {
    this.fault ??= fault;
  }
}

/** A call of Buffer.copy costs as much as so many octets copied here. */
const SHORT_OCTETS = 32;

/** The octets of a chunk without some of them. Copied only if any follow the first that goes. */
class Unstuffed {
  readonly #chunk: Buffer;
  #copy: Buffer | null = null;
  #length = 0;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  get octets(): Buffer {
    return (this.#copy ?? this.#chunk).subarray(0, this.#length);
  }

  /** Adds chunk[start..end]. The first call begins with the chunk. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const length = this.#length;
    this.#length = length + end - start;
    if (start === 0) return;
    this.#copy ??= this.#startCopy(length);
    const copy = this.#copy;
    if (end - start > SHORT_OCTETS) {
      this.#chunk.copy(copy, length, start, end);
    } else {
      for (let from = start, to = length; from < end; from++, to++) copy[to] = this.#chunk[from] ?? NUL;
    }
  }

  #startCopy(length: number): Buffer {
    const copy = Buffer.allocUnsafe(this.#chunk.length);
    this.#chunk.copy(copy, 0, 0, length);
    return copy;
  }
}
