const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const M = 0x4d;
const SMALL_M = 0x6d;
const FIELD = /^message-id[ \t]*:(.*)$/is;
/** The name, and what is kept of the value, folded as it may be. */
const FIELD_OCTETS = 400;
/** What is kept of a Message-ID. RFC 5322 has no limit but that of a line. */
const MESSAGE_ID_CHARACTERS = 250;

/** Finds the Message-ID field of a message that passes (RFC 5322 §3.6.4): the first, if there are several. */
export class MessageIdWatch {
  #id: string | null = null;
  /** The field that the present line belongs to, if it may be the one. */
  #field = '';
  #isTaken = false;
  #isAtStart = true;
  #isLooking = true;

  /** Without `<` and `>`, printable; null if there is none, or it has not passed. */
  get id(): string | null {
    if (this.#isTaken) this.#readField();
    return this.#id;
  }

  push(piece: Buffer): void {
    for (let at = 0; this.#isLooking && at < piece.length; ) {
      if (this.#isAtStart) this.#beginLine(piece[at] ?? 0);
      const lineFeed = piece.indexOf(LF, at);
      const end = lineFeed === -1 ? piece.length : lineFeed + 1;
      const missing = FIELD_OCTETS - this.#field.length;
      if (this.#isTaken && missing > 0) this.#field += piece.toString('latin1', at, Math.min(end, at + missing));
      this.#isAtStart = lineFeed !== -1;
      at = end;
    }
  }

  #beginLine(first: number): void {
    if (first === SPACE || first === TAB) return; // the field goes on
    if (this.#isTaken) this.#readField();
    this.#field = '';
    this.#isTaken = first === M || first === SMALL_M;
    if (first === CR || first === LF) this.#isLooking = false;
  }

  #readField(): void {
    this.#isTaken = false;
    const [, value] = FIELD.exec(this.#field) ?? [];
    if (value === undefined) return;
    this.#isLooking = false;
    this.#id = cleanMessageId(Buffer.from(value, 'latin1').toString());
  }
}

/** @param value of the field, or what a person looks for */
function cleanMessageId(value: string): string | null {
  const [, inner = value] = /<([^<>]*)/.exec(value) ?? [];
  const id = inner.replaceAll(/[\s\p{C}<>]/gu, '').slice(0, MESSAGE_ID_CHARACTERS);
  return id === '' ? null : id.toWellFormed();
}

/** Of fields that were added before a message. */
export function messageIdOf(fields: string): string | null {
  const watch = new MessageIdWatch();
  watch.push(Buffer.from(fields));
  return watch.id;
}
