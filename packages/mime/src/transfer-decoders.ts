import { CR, LF, lowerCase, SPACE, TAB } from './octet-string.ts';

/**
 * Undoes a content transfer encoding (RFC 2045 §6) of octets given in pieces of any size. Takes anything without throwing;
 * what it makes does not depend on the cuts. The octets returned may share memory with those given.
 */
export interface TransferDecoder {
  write(octets: Buffer): Buffer;
  end(): Buffer;
  /** One that goes on from here by itself. */
  fork(): TransferDecoder;
}

const noOctets = Buffer.alloc(0);

/** @param encoding Content-Transfer-Encoding in any case; an unknown one leaves the octets as they are */
export function transferDecoder(encoding: string): TransferDecoder {
  return knownTransferDecoder(encoding) ?? identity;
}

/** @returns null if the encoding is none that we know */
export function knownTransferDecoder(encoding: string): TransferDecoder | null {
  switch (lowerCase(encoding)) {
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
      return new UuencodeDecoder();
    case '7bit':
    case '8bit':
    case 'binary':
      return identity;
    default:
      return null;
  }
}

const identity: TransferDecoder = { write: (octets) => octets, end: () => noOctets, fork: () => identity };

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

  fork(): Base64Decoder {
    const fork = new Base64Decoder();
    fork.#bits = this.#bits;
    fork.#count = this.#count;
    return fork;
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

  fork(): QuotedPrintableDecoder {
    const fork = new QuotedPrintableDecoder();
    fork.#state = this.#state;
    fork.#heldLength = this.#held.copy(fork.#held, 0, 0, this.#heldLength);
    return fork;
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
  /** The line in hand, while it may be one of data. */
  readonly #line = Buffer.allocUnsafe(uuencodeLineOctets);
  #lineLength = 0;
  /** Whether the line in hand is longer than that: then it is text, already given out in part. */
  #isLong = false;
  #isInData = false;
  /** No line gives more octets than it has. */
  #decoded: Buffer = noOctets;
  #length = 0;

  write(octets: Buffer): Buffer {
    this.#decoded = Buffer.allocUnsafe(octets.length + this.#lineLength);
    this.#length = 0;
    let start = 0;
    while (start < octets.length) {
      const lineFeed = octets.indexOf(LF, start);
      const end = lineFeed < 0 ? octets.length : lineFeed + 1;
      if (!this.#isLong && this.#lineLength + end - start > uuencodeLineOctets) {
        this.#isLong = true;
        this.#give(this.#line, 0, this.#lineLength);
        this.#lineLength = 0;
      }
      if (this.#isLong) this.#give(octets, start, end);
      else this.#lineLength += octets.copy(this.#line, this.#lineLength, start, end);
      if (lineFeed >= 0) this.#endLine();
      start = end;
    }
    const decoded = this.#decoded.subarray(0, this.#length);
    this.#decoded = noOctets;
    return decoded;
  }

  end(): Buffer {
    this.#decoded = Buffer.allocUnsafe(this.#lineLength);
    this.#length = 0;
    this.#endLine();
    return this.#decoded.subarray(0, this.#length);
  }

  fork(): UuencodeDecoder {
    const fork = new UuencodeDecoder();
    fork.#lineLength = this.#line.copy(fork.#line, 0, 0, this.#lineLength);
    fork.#isLong = this.#isLong;
    fork.#isInData = this.#isInData;
    return fork;
  }

  #give(octets: Buffer, start: number, end: number): void {
    this.#length += octets.copy(this.#decoded, this.#length, start, end);
  }

  #endLine(): void {
    const length = this.#lineLength;
    this.#lineLength = 0;
    this.#isLong = false;
    if (this.#isInData) {
      this.#isInData = !this.#isLine(length, 'end');
      if (this.#isInData) this.#decodeLine(length);
    } else if (this.#isLine(length, 'begin ')) {
      this.#isInData = true;
    } else {
      this.#give(this.#line, 0, length);
    }
  }

  /** Whether the line is `end`, or `begin`, a mode and a name. */
  #isLine(length: number, word: 'end' | 'begin '): boolean {
    if (this.#line[0] !== word.charCodeAt(0)) return false;
    const text = this.#line.toString('latin1', 0, Math.min(length, 20));
    return word === 'end' ? /^end\s*$/.test(text) : /^begin [0-7]{3,4} /.test(text);
  }

  /** A line: its count of octets, then four characters for three of them. */
  #decodeLine(lengthWithLineEnd: number): void {
    const line = this.#line;
    let length = lengthWithLineEnd;
    while (length > 0 && isLineEnd(line[length - 1] ?? 0)) length--;
    if (length === 0) return;
    const value = (at: number) => (at < length ? ((line[at] ?? SPACE) - SPACE) & 0x3f : 0);
    const end = this.#length + Math.min(value(0), length - 1);
    for (let at = 1; this.#length < end; at += 4) {
      const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
      for (let shift = 16; shift >= 0 && this.#length < end; shift -= 8) this.#decoded[this.#length++] = bits >> shift;
    }
  }
}
