import { isAscii } from 'node:buffer';

const CR = 0x0d;
const LF = 0x0a;
const NUL = 0;
/** RFC 5321 §4.5.3.1.6, without the CRLF. */
const TEXT_LINE_OCTETS = 998;

/** RFC 2076 §3.9: what programs send to many. */
const BULK = /(?:^|\n)(?:precedence[ \t]*:[ \t]*(?:bulk|list|junk)|list-(?:id|unsubscribe)[ \t]*:)/i;
/** RFC 5322 §3.6.4, of what may be told of it. */
const MESSAGE_ID = /(?:^|\n)message-id[ \t]*:[ \t]*(?:\r?\n[ \t]{1,100})?(<[^\s<>]{1,900}>)/i;
const TLS_NOT_REQUIRED = /(?:^|\n)tls-required[ \t]*:[ \t]*no[ \t]*\r?\n/i;

/** What the octets of a message take of whoever passes it on, found out as they come. */
export class MessageTraits {
  readonly #headerOctets: number;
  readonly #mayBeBinary: boolean;
  #octets = 0;
  #lineOctets = 0;
  #last = -1;
  #is8bit = false;
  #hasUtf8Header = false;
  #isBinary = false;
  #isTlsOptional = false;
  #isBulk = false;
  #messageId: string | null = null;

  /** @param mayBeBinary it was announced as BINARYMIME: anything else has been looked at, and is text */
  constructor(headerOctets: number, mayBeBinary: boolean) {
    this.#headerOctets = headerOctets;
    this.#mayBeBinary = mayBeBinary;
  }

  push(octets: Buffer): void {
    const header = octets.subarray(0, Math.max(0, this.#headerOctets - this.#octets));
    this.#hasUtf8Header ||= !isAscii(header);
    // The first piece has all of any header section that people write.
    if (this.#octets === 0) {
      const text = header.toString('latin1');
      this.#isTlsOptional = TLS_NOT_REQUIRED.test(text);
      this.#isBulk = BULK.test(text);
      this.#messageId = MESSAGE_ID.exec(text)?.[1] ?? null;
    }
    this.#is8bit ||= !isAscii(octets);
    this.#octets += octets.length;
    if (this.#mayBeBinary && !this.#isBinary) this.#look(octets);
  }

  /** It has octets above 127: RFC 6152. */
  get is8bit(): boolean {
    return this.#is8bit;
  }

  /** Its header section has: RFC 6532. */
  get hasUtf8Header(): boolean {
    return this.#hasUtf8Header;
  }

  /** It says that it goes in the clear rather than not at all: RFC 8689 §3. */
  get isTlsOptional(): boolean {
    return this.#isTlsOptional;
  }

  /** Its Message-ID with the angle brackets, in ISO 8859-1; null if it has none that is one. */
  get messageId(): string | null {
    return this.#messageId;
  }

  /** Its header section says that it goes to many. */
  get isBulk(): boolean {
    return this.#isBulk;
  }

  /** It is not made of lines, and goes by chunks alone: RFC 3030 §3. Once all of it was pushed. */
  get isBinary(): boolean {
    return this.#isBinary || this.#last === CR;
  }

  #look(octets: Buffer): void {
    for (const octet of octets) {
      const endsLine = octet === LF && this.#last === CR;
      if (endsLine) this.#lineOctets = 0;
      else this.#lineOctets++;
      // The CR counts until its LF is there.
      const isBroken = (octet === LF) !== endsLine || (this.#last === CR && octet !== LF);
      this.#isBinary ||= octet === NUL || isBroken || this.#lineOctets > TEXT_LINE_OCTETS + 1;
      this.#last = octet;
    }
  }
}
