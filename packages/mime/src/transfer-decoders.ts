import { CR, LF, lowerCase, SPACE, TAB } from './octet-string.ts';

/**
 * Undoes a content transfer encoding (RFC 2045 §6) of octets given in pieces of any size. Takes anything without throwing;
 * what it makes does not depend on the cuts. The octets returned may share memory with those given.
 */
export interface TransferDecoder {
  write(octets: Buffer): Buffer;
  end(): Buffer;
}

const noOctets = Buffer.alloc(0);

/** @param encoding Content-Transfer-Encoding in any case; an unknown one leaves the octets as they are */
export function transferDecoder(encoding: string): TransferDecoder {
  switch (lowerCase(encoding)) {
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
      return new UuencodeDecoder();
    default:
      return identity;
  }
}

const identity: TransferDecoder = { write: (octets) => octets, end: () => noOctets };

const EQUALS = 0x3d;

const base64Values = (() => {
  const values = new Uint8Array(256).fill(0xff);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
})();

/** What a character of base64 stands for (RFC 2045 §6.8), negative if it is none. */
export function base64Value(octet: number): number {
  const value = base64Values[octet] ?? 0xff;
  return value === 0xff ? -1 : value;
}

/**
 * Base64 (RFC 2045 §6.8). Octets outside the alphabet are ignored. Padding may be missing; it ends a group of four, not the
 * data, so that encoded texts that somebody put one after the other are all read.
 */
export class Base64Decoder implements TransferDecoder {
  #bits = 0;
  #count = 0;

  write(octets: Buffer): Buffer {
    const decoded = Buffer.allocUnsafe(Math.ceil((octets.length * 3) / 4) + 1);
    let length = 0;
    let bits = this.#bits;
    let count = this.#count;
    for (let i = 0; i < octets.length; i++) {
      const octet = octets[i] ?? 0;
      const value = base64Values[octet] ?? 0xff;
      if (value === 0xff) {
        if (octet === EQUALS) count = 0;
        continue;
      }
      bits = ((bits << 6) | value) & 0xffff;
      count += 6;
      if (count < 8) continue;
      count -= 8;
      decoded[length++] = bits >> count;
    }
    this.#bits = bits;
    this.#count = count;
    return decoded.subarray(0, length);
  }

  end(): Buffer {
    return noOctets;
  }
}

function hexValue(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const letter = octet & 0xdf;
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x37 : -1;
}

function isSpace(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

function isLineEnd(octet: number): boolean {
  return octet === CR || octet === LF;
}

/** Octets of white space at a line's end that are told from white space within the line. */
const heldOctets = 1_024;

/**
 * Quoted-printable (RFC 2045 §6.7). White space at the end of a line is dropped (rule 3). What is no valid escape stays as it
 * is; lower-case digits are valid, and a soft line break may have white space after its `=`.
 */
class QuotedPrintableDecoder implements TransferDecoder {
  #state: 'text' | 'spaces' | 'equals' | 'digit' | 'equals-spaces' | 'equals-cr' = 'text';
  /** What was passed and may yet mean something. */
  readonly #held = Buffer.allocUnsafe(heldOctets);
  #heldLength = 0;
  #decoded: Buffer = noOctets;
  #length = 0;

  write(octets: Buffer): Buffer {
    this.#decoded = Buffer.allocUnsafe(octets.length + this.#heldLength);
    this.#length = 0;
    let position = 0;
    while (position < octets.length) {
      if (this.#state === 'text') position = this.#takeText(octets, position);
      if (position < octets.length) this.#take(octets[position++] ?? 0);
    }
    const decoded = this.#decoded.subarray(0, this.#length);
    this.#decoded = noOctets;
    return decoded;
  }

  end(): Buffer {
    // White space at the very end goes like that at a line's end, and `=` there is a soft break to nothing.
    const rest = this.#state === 'digit' ? Buffer.from(this.#held.subarray(0, this.#heldLength)) : noOctets;
    this.#heldLength = 0;
    this.#state = 'text';
    return rest;
  }

  /** Takes what needs no state: all but escapes and white space that the end of a line or piece cuts. */
  #takeText(octets: Buffer, start: number): number {
    const decoded = this.#decoded;
    let length = this.#length;
    let at = start;
    for (; at < octets.length; at++) {
      const octet = octets[at] ?? 0;
      if (octet === EQUALS) {
        const high = hexValue(octets[at + 1] ?? 0);
        const low = hexValue(octets[at + 2] ?? 0);
        if (high < 0 || low < 0) break;
        decoded[length++] = high * 16 + low;
        at += 2;
      } else if (isSpace(octet) && (octets[at + 1] ?? 0) <= SPACE) {
        break;
      } else {
        decoded[length++] = octet;
      }
    }
    this.#length = length;
    return at;
  }

  #take(octet: number): void {
    if (this.#continues(octet)) return;
    this.#length += this.#held.copy(this.#decoded, this.#length, 0, this.#heldLength);
    this.#heldLength = 0;
    this.#state = 'text';
    if (octet === EQUALS) this.#hold(octet, 'equals');
    else if (isSpace(octet)) this.#hold(octet, 'spaces');
    else this.#decoded[this.#length++] = octet;
  }

  /** Whether the octet belongs to what is held, and is done with. If not, what is left of that is text after all. */
  #continues(octet: number): boolean {
    const mayHold = this.#heldLength < heldOctets;
    switch (this.#state) {
      case 'text':
        return false;
      case 'spaces':
        if (isLineEnd(octet)) this.#heldLength = 0;
        return isSpace(octet) && mayHold && this.#hold(octet, 'spaces');
      case 'equals':
        if (isLineEnd(octet)) return this.#softBreak(octet);
        if (isSpace(octet)) return this.#hold(octet, 'equals-spaces');
        return hexValue(octet) >= 0 && this.#hold(octet, 'digit');
      case 'digit': {
        const low = hexValue(octet);
        if (low < 0) return false;
        this.#decoded[this.#length++] = hexValue(this.#held[1] ?? 0) * 16 + low;
        this.#heldLength = 0;
        this.#state = 'text';
        return true;
      }
      case 'equals-spaces':
        if (isLineEnd(octet)) return this.#softBreak(octet);
        return isSpace(octet) && mayHold && this.#hold(octet, 'equals-spaces');
      case 'equals-cr':
        this.#state = 'text';
        return octet === LF;
      default:
        return this.#state satisfies never;
    }
  }

  #hold(octet: number, state: 'spaces' | 'equals' | 'digit' | 'equals-spaces'): true {
    this.#held[this.#heldLength++] = octet;
    this.#state = state;
    return true;
  }

  #softBreak(octet: number): true {
    this.#heldLength = 0;
    this.#state = octet === CR ? 'equals-cr' : 'text';
    return true;
  }
}

/** A line of uuencoded data has at most 61 octets; what is longer is none. */
const uuencodeLineOctets = 256;

/** Uuencode, as `x-uuencode`: the data between `begin` and `end`. Lines outside of these are text and stay. */
class UuencodeDecoder implements TransferDecoder {
  readonly #line = Buffer.allocUnsafe(uuencodeLineOctets);
  #lineLength = 0;
  /** Whether the line in hand is longer than any of data: then it is text, already given out in part. */
  #isLong = false;
  #isInData = false;

  write(octets: Buffer): Buffer {
    const decoded: Buffer[] = [];
    let start = 0;
    while (start < octets.length) {
      const lineFeed = octets.indexOf(LF, start);
      const end = lineFeed < 0 ? octets.length : lineFeed + 1;
      const piece = octets.subarray(start, end);
      if (!this.#isLong && this.#lineLength + piece.length > uuencodeLineOctets) {
        decoded.push(Buffer.from(this.#line.subarray(0, this.#lineLength)));
        this.#lineLength = 0;
        this.#isLong = true;
      }
      if (this.#isLong) decoded.push(piece);
      else this.#lineLength += piece.copy(this.#line, this.#lineLength);
      if (lineFeed >= 0) decoded.push(this.#endLine());
      start = end;
    }
    return decoded.length === 1 ? (decoded[0] ?? noOctets) : Buffer.concat(decoded);
  }

  end(): Buffer {
    return this.#endLine();
  }

  #endLine(): Buffer {
    const line = Buffer.from(this.#line.subarray(0, this.#lineLength));
    this.#lineLength = 0;
    this.#isLong = false;
    if (!this.#isInData) {
      this.#isInData = /^begin(?:-base64)? [0-7]{3,4} /.test(line.toString('latin1', 0, 20));
      return this.#isInData ? noOctets : line;
    }
    if (/^end[ \t]*\r?\n?$/.test(line.toString('latin1', 0, 20))) {
      this.#isInData = false;
      return noOctets;
    }
    return uudecodeLine(line);
  }
}

/** A line: its count of octets, then four characters for three of them. Missing characters count as zero bits. */
function uudecodeLine(line: Buffer): Buffer {
  const value = (at: number) => ((line[at] ?? SPACE) - SPACE) & 0x3f;
  const isEmpty = line.length === 0 || line[0] === CR || line[0] === LF;
  const count = isEmpty ? 0 : value(0);
  const decoded = Buffer.alloc(Math.ceil(count / 3) * 3);
  for (let i = 0, at = 1; i < count; i += 3, at += 4) {
    const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
    decoded.writeUIntBE(bits, i, 3);
  }
  return decoded.subarray(0, count);
}
