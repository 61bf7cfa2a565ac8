import { decodeEncodedWords } from './encoded-words.ts';
import type { OctetString } from './octet-string.ts';

/** What people know a message by. Decoded, but not cleaned of control characters; '' where there is none. */
export interface EnvelopeHeading {
  readonly subject: string;
  /** The first author: name, or address if there is no name. */
  readonly from: string;
}

/** Reads the subject and the first author from the ENVELOPE that `envelope` wrote, or from its beginning. */
export function envelopeHeading(wire: Buffer): EnvelopeHeading {
  const reader = new EnvelopeReader(wire.toString('latin1'));
  reader.skip('(');
  reader.nstring(); // date
  const subject = decodeEncodedWords(reader.nstring() ?? '');
  if (!reader.skip('((')) return { subject, from: '' };
  const [name, , mailbox, host] = [reader.nstring(), reader.nstring(), reader.nstring(), reader.nstring()];
  const address = [mailbox, host].filter((part) => part !== null).join('@');
  return { subject, from: decodeEncodedWords(name ?? address) };
}

class EnvelopeReader {
  readonly #text: OctetString;
  #at = 0;

  constructor(text: OctetString) {
    this.#text = text;
  }

  /** Passes over a space and the token, if that is what follows. */
  skip(token: string): boolean {
    if (this.#text[this.#at] === ' ') this.#at++;
    const follows = this.#text.startsWith(token, this.#at);
    if (follows) this.#at += token.length;
    return follows;
  }

  /** RFC 9051 §9 `nstring`, as far as it is there. */
  nstring(): OctetString | null {
    if (this.skip('"')) return this.#quoted();
    if (this.skip('{')) return this.#literal();
    this.skip('NIL');
    return null;
  }

  #quoted(): OctetString {
    let value = '';
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] === '"') {
        this.#at++;
        break;
      }
      if (this.#text[this.#at] === '\\') this.#at++;
      value += this.#text[this.#at] ?? '';
    }
    return value;
  }

  #literal(): OctetString {
    const start = this.#text.indexOf('\r\n', this.#at) + 2;
    if (start < 2) return '';
    const end = start + Number.parseInt(this.#text.slice(this.#at), 10);
    this.#at = end;
    return this.#text.slice(start, end);
  }
}
