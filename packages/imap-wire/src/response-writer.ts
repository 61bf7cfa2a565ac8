import { characters, isOf } from './characters.ts';
import { encodeModifiedUtf7 } from './modified-utf7.ts';
import type { NumberRange } from './sequence-set.ts';
import { forEachRun } from './uid-set.ts';

const CHUNK_OCTETS = 16 * 1024;

/** From this size on a Buffer is passed on by reference. */
const REFERENCE_OCTETS = 16 * 1024;

/** Longer strings go as literals: some clients read lines into small buffers (RFC 2683 §3.2.1.5). */
const MAX_QUOTED_OCTETS = 1000;

/** Below this a loop beats a call into the engine. */
const SHORT_OCTETS = 24;

const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Chunks that no writer uses now. Few writers write at once, however many connections there are. */
const spareChunks: Buffer[] = [];
const MAX_SPARE_CHUNKS = 16;

/**
 * Writes responses as octets: RFC 9051 §7 and §9.
 *
 * A writer that was taken from and not written to since holds no buffer. Methods named for a grammar element write it in
 * its shortest legal form; `text` and `octets` write what they are given, so nothing a client or a message said may go
 * through them.
 */
export class ResponseWriter {
  /** Finished pieces, in order; then what lies in `#chunk` from `#start` to `#end`. */
  #pieces: Buffer[] = [];
  #pieceOctets = 0;
  #chunk: Buffer = NOTHING;
  #start = 0;
  #end = 0;

  /** Octets written and not taken yet. */
  get length(): number {
    return this.#pieceOctets + this.#end - this.#start;
  }

  /** Whether something was written and not taken yet that does not end in CRLF. */
  get isWithinLine(): boolean {
    return this.length > 0 && !this.last(2).equals(CRLF);
  }

  /** Gives what was written, in pieces to be sent in order (corked or by `writev`), and begins anew. */
  take(): Buffer[] {
    const pieces = this.#pieces;
    const octets = this.#end - this.#start;
    const isSpare = this.#start === 0 && this.#chunk.length === CHUNK_OCTETS && octets <= CHUNK_OCTETS / 2;
    const last = this.#chunk.subarray(this.#start, this.#end);
    // A short answer is copied, so that a slow client does not hold the chunk, which serves the next writer.
    if (octets > 0) pieces.push(isSpare ? Buffer.from(last) : last);
    if (isSpare && spareChunks.length < MAX_SPARE_CHUNKS) spareChunks.push(this.#chunk);
    this.#pieces = [];
    this.#pieceOctets = 0;
    this.#chunk = NOTHING;
    this.#start = 0;
    this.#end = 0;
    return pieces;
  }

  /** Characters of US-ASCII, as they are. */
  text(ascii: string): this {
    const { length } = ascii;
    const chunk = this.#room(length);
    const at = this.#end;
    this.#end = at + length;
    if (length > SHORT_OCTETS) chunk.write(ascii, at, length, 'latin1');
    else for (let index = 0; index < length; index += 1) chunk[at + index] = ascii.charCodeAt(index);
    return this;
  }

  /** Octets as they are, such as a line made once and sent often. Large ones are not copied: do not change them after. */
  octets(octets: Buffer): this {
    const { length } = octets;
    if (length >= REFERENCE_OCTETS) {
      this.#finishPiece();
      this.#pieces.push(octets);
      this.#pieceOctets += length;
      return this;
    }
    const chunk = this.#room(length);
    const at = this.#end;
    this.#end = at + length;
    if (length > SHORT_OCTETS) chunk.set(octets, at);
    else for (let index = 0; index < length; index += 1) chunk[at + index] = octets[index] ?? 0;
    return this;
  }

  /** As `octets`, of a part of a buffer that may change after: always copied. */
  octetsFrom(source: Buffer, start: number, end: number): this {
    const length = end - start;
    const chunk = this.#room(length);
    source.copy(chunk, this.#end, start, end);
    this.#end += length;
    return this;
  }

  /**
   * Octets that `write` puts into a chunk itself, one behind the other, which is faster than to call a method for each element.
   *
   * @param most so many at most
   * @param write is told where to begin and gives the position behind what it wrote
   */
  fill(most: number, write: (chunk: Buffer, at: number) => number): this {
    const chunk = this.#room(most);
    this.#end = write(chunk, this.#end);
    return this;
  }

  /** A copy of the last octets that were written, which must not have been taken yet. */
  last(octets: number): Buffer {
    if (octets <= this.#end - this.#start) return Buffer.from(this.#chunk.subarray(this.#end - octets, this.#end));
    const pieces = [this.#chunk.subarray(this.#start, this.#end)];
    let length = this.#end - this.#start;
    for (let at = this.#pieces.length - 1; at >= 0 && length < octets; at--) {
      const piece = this.#pieces[at] ?? NOTHING;
      pieces.unshift(piece);
      length += piece.length;
    }
    return Buffer.concat(pieces).subarray(length - octets);
  }

  /** A whole number from 0 to 2^53-1, in digits. */
  number(value: number): this {
    let digits = 1;
    for (let scale = 10; scale <= value; scale *= 10) digits += 1;
    const chunk = this.#room(digits);
    let at = this.#end + digits;
    this.#end = at;
    let rest = value;
    // Beyond 31 bits the engine leaves its integers, for one division or two.
    while (rest > 0x7fffffff) {
      const quotient = Math.floor(rest / 10);
      at -= 1;
      chunk[at] = 0x30 + (rest - quotient * 10);
      rest = quotient;
    }
    do {
      const quotient = (rest / 10) | 0;
      at -= 1;
      chunk[at] = 0x30 + (rest - quotient * 10);
      rest = quotient;
    } while (rest > 0);
    return this;
  }

  sp(): this {
    this.#room(1)[this.#end] = SPACE;
    this.#end += 1;
    return this;
  }

  crlf(): this {
    const chunk = this.#room(2);
    chunk[this.#end] = CR;
    chunk[this.#end + 1] = LF;
    this.#end += 2;
    return this;
  }

  /**
   * The human-readable text of a response: what is no TEXT-CHAR of US-ASCII becomes `?`, so that words of a client or an
   * error may be repeated without ending the line.
   */
  humanText(text: string): this {
    return this.text(text.replace(/[^\x20-\x7e]/gu, '?'));
  }

  /** string: quoted if it is short and 7-bit without CR, LF and NUL, otherwise a literal. Text is sent as UTF-8. */
  string(value: string | Buffer): this {
    const octets = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    return octets.length <= MAX_QUOTED_OCTETS && octets.every(isTextChar) ? this.#quoted(octets) : this.literal(octets);
  }

  /** nstring: NIL for `null`, otherwise as `string`. */
  nstring(value: string | Buffer | null): this {
    return value === null ? this.text('NIL') : this.string(value);
  }

  /** astring: an atom if it can be one, otherwise as `string`. */
  astring(value: string | Buffer): this {
    const octets = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    const isAtom =
      octets.length > 0 && octets.length <= MAX_QUOTED_OCTETS && octets.every(isAstringChar) && !isNil(octets);
    return isAtom ? this.octets(octets) : this.string(octets);
  }

  /**
   * The name of a mailbox: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8, quoted unless it is US-ASCII, for a client that
   * enabled UTF8=ACCEPT (RFC 6855 §3) or IMAP4rev2.
   */
  mailboxName(name: string, utf8: boolean): this {
    if (!utf8) return this.astring(encodeModifiedUtf7(name));
    const octets = Buffer.from(name, 'utf8');
    const isQuoted =
      octets.length <= MAX_QUOTED_OCTETS && octets.some(isEightBit) && octets.every(isTextCharOrEightBit);
    return isQuoted ? this.#quoted(octets) : this.astring(octets);
  }

  /** `{n}` and its line end; the octets of the literal are to follow. */
  literalHeader(octets: number): this {
    return this.text('{').number(octets).text('}\r\n');
  }

  /** `~{n}` and its line end: literal8 of RFC 3516, for content with NUL. */
  literal8Header(octets: number): this {
    return this.text('~{').number(octets).text('}\r\n');
  }

  literal(octets: Buffer): this {
    return this.literalHeader(octets.length).octets(octets);
  }

  /** flag-list: in parentheses. Flags are atoms; who parsed or stored them has seen to that. */
  flagList(flags: readonly string[]): this {
    return this.text('(').text(flags.join(' ')).text(')');
  }

  /** uid-set or sequence-set of ascending numbers, of which there must be one. */
  uidSet(numbers: ArrayLike<number>): this {
    let isFirst = true;
    forEachRun(numbers, (first, last) => {
      if (!isFirst) this.text(',');
      isFirst = false;
      this.#range(first, last);
    });
    return this;
  }

  /** As `uidSet`, of numbers that stand in ranges, of which there must be one. */
  uidRanges(ranges: readonly NumberRange[]): this {
    ranges.forEach(({ first, last }, index) => {
      if (index > 0) this.text(',');
      this.#range(first, last);
    });
    return this;
  }

  #range(first: number, last: number): void {
    this.number(first);
    if (last !== first) this.text(':').number(last);
  }

  #quoted(octets: Buffer): this {
    const chunk = this.#room(octets.length * 2 + 2);
    let at = this.#end;
    chunk[at++] = DOUBLE_QUOTE;
    for (const octet of octets) {
      if (octet === DOUBLE_QUOTE || octet === BACKSLASH) chunk[at++] = BACKSLASH;
      chunk[at++] = octet;
    }
    chunk[at++] = DOUBLE_QUOTE;
    this.#end = at;
    return this;
  }

  /** The chunk to write to, with at least so many octets free behind `#end`. */
  #room(octets: number): Buffer {
    if (this.#end + octets > this.#chunk.length) {
      this.#finishPiece();
      const spare = octets <= CHUNK_OCTETS ? spareChunks.pop() : undefined;
      this.#chunk = spare ?? Buffer.allocUnsafeSlow(Math.max(octets, CHUNK_OCTETS));
      this.#start = 0;
      this.#end = 0;
    }
    return this.#chunk;
  }

  #finishPiece(): void {
    if (this.#end === this.#start) return;
    this.#pieces.push(this.#chunk.subarray(this.#start, this.#end));
    this.#pieceOctets += this.#end - this.#start;
    this.#start = this.#end;
  }
}

function isTextChar(octet: number): boolean {
  return octet > 0 && octet < 0x80 && octet !== CR && octet !== LF;
}

function isEightBit(octet: number): boolean {
  return octet >= 0x80;
}

function isTextCharOrEightBit(octet: number): boolean {
  return isEightBit(octet) || isTextChar(octet);
}

function isAstringChar(octet: number): boolean {
  return isOf(octet, characters.astring);
}

/** An astring may be the atom NIL, but too many clients would read it as an nstring. */
function isNil(octets: Buffer): boolean {
  return octets.length === 3 && octets.toString('latin1').toUpperCase() === 'NIL';
}
