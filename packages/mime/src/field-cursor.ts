import { CR, LF, SPACE, TAB } from './octet-string.ts';

const COLON = 0x3a;

/**
 * Walks the fields of a header, each with its folded lines (RFC 5322 §2.2), in time linear in the header's size.
 * Bare LF ends a line as CRLF does. A line without a colon is a field without a name.
 */
export class FieldCursor {
  /** Where the current field begins. */
  start = 0;
  /** One past its name, trailing white space left out (RFC 5322 §4.5 lets white space stand before the colon). */
  nameEnd = 0;
  /** Where its value begins: one past the colon. */
  valueStart = 0;
  /** One past its last line end; after the last field, where the blank line begins. */
  end = 0;
  readonly #header: Buffer;

  constructor(header: Buffer) {
    this.#header = header;
  }

  /** Steps to the next field; false at the blank line or the end. */
  next(): boolean {
    const header = this.#header;
    const start = this.end;
    const first = header[start];
    if (first === undefined || first === LF || (first === CR && header[start + 1] === LF)) return false;
    this.start = start;

    let end = start;
    let next: number | undefined;
    do {
      const lineFeed = header.indexOf(LF, end);
      end = lineFeed < 0 ? header.length : lineFeed + 1;
      next = header[end];
    } while (next === SPACE || next === TAB);
    this.end = end;

    // By hand, and only within the field: a search of the whole header would be quadratic where colons are missing.
    let at = start;
    while (at < end && header[at] !== COLON && header[at] !== LF) at++;
    if (header[at] !== COLON || at === end) {
      this.nameEnd = start;
      this.valueStart = start;
      return true;
    }
    this.valueStart = at + 1;
    while (at > start && (header[at - 1] === SPACE || header[at - 1] === TAB)) at--;
    this.nameEnd = at;
    return true;
  }
}
