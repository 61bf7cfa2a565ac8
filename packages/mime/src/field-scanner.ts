import type { OctetString } from './octet-string.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;

/** A set of octets, to run over. */
export type OctetSet = Uint8Array;

/** All octets but controls, space and those named. Octets from 0x80 are in: mail has 8-bit text in any place. */
export function octetsExcept(excluded: string): OctetSet {
  const set = new Uint8Array(256).fill(1);
  set.fill(0, 0, 0x21);
  set[0x7f] = 0;
  for (const character of excluded) set[character.charCodeAt(0)] = 0;
  return set;
}

/**
 * Reads the lexical tokens of structured fields (RFC 5322 §3.2) from an unfolded value. Never fails: what is not closed
 * (a comment, a quoted string) ends with the value. Each octet is passed once.
 */
export class FieldScanner {
  /** The text of the last comment passed, quoting removed. */
  comment: OctetString | null = null;
  position = 0;
  readonly text: OctetString;

  constructor(text: OctetString) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The next octet, NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.position);
  }

  /** Passes the next octet if it is the one given. */
  skip(octet: number): boolean {
    if (this.peek() !== octet) return false;
    this.position++;
    return true;
  }

  /** Passes white space, controls and comments (RFC 5322 §3.2.2); true if there were any. */
  skipCfws(): boolean {
    const start = this.position;
    for (;;) {
      const octet = this.peek();
      if (octet <= 0x20 || octet === 0x7f) this.position++;
      else if (octet === OPEN) this.comment = this.#enclosed(CLOSE);
      else return this.position > start;
    }
  }

  /** The octets of the set that come next, perhaps none. */
  run(set: OctetSet): OctetString {
    const { text } = this;
    const start = this.position;
    let end = start;
    while (end < text.length && set[text.charCodeAt(end)] === 1) end++;
    this.position = end;
    return text.slice(start, end);
  }

  /** The quoted string that begins here (RFC 5322 §3.2.4), quoting removed. */
  quotedString(): OctetString {
    return this.#enclosed(QUOTE);
  }

  /** From an opening octet to the octet that closes it. Only comments nest, and a counter is all that needs. */
  #enclosed(close: number): OctetString {
    const { text } = this;
    const start = this.position + 1;
    let end = start;
    let nested = 0;
    let isQuoted = false;
    for (; end < text.length; end++) {
      const octet = text.charCodeAt(end);
      if (octet === BACKSLASH) {
        isQuoted = true;
        end++;
      } else if (octet === close) {
        if (nested === 0) break;
        nested--;
      } else if (octet === OPEN && close === CLOSE) {
        nested++;
      }
    }
    this.position = Math.min(end + 1, text.length);
    const inner = text.slice(start, Math.min(end, text.length));
    return isQuoted ? inner.replace(/\\(.?)/gs, '$1') : inner;
  }
}
