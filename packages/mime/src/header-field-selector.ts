import { FieldCursor } from './field-cursor.ts';
import { lowerCase } from './octet-string.ts';

/**
 * BODY[HEADER.FIELDS (...)] and BODY[HEADER.FIELDS.NOT (...)] (RFC 9051 §6.4.5.1). Made once for a list of names, it serves
 * any number of headers, each in time linear in its size.
 */
export class HeaderFieldSelector {
  readonly #names: ReadonlySet<string>;
  readonly #lengths: ReadonlySet<number>;
  readonly #takesNamed: boolean;

  /**
   * @param names field names in any case, as strings of octets (a name that is not ASCII matches nothing else)
   * @param mode the fields named, or all others
   */
  constructor(names: readonly string[], mode: 'only' | 'except') {
    this.#names = new Set(names.map(lowerCase));
    this.#lengths = new Set(names.map((name) => name.length));
    this.#takesNamed = mode === 'only';
  }

  /**
   * The selected fields as sent, folding included, in their order, and the blank line if the header has one (RFC 9051: all
   * headers have it in a fetch, "except in the case of a message that has no body and no blank line").
   */
  select(header: Buffer): Buffer {
    const pieces: Buffer[] = [];
    const cursor = new FieldCursor(header);
    let from = 0; // of the run of selected fields in hand
    let to = 0;
    while (cursor.next()) {
      if (this.#isNamed(header, cursor) !== this.#takesNamed) continue;
      if (cursor.start !== to) {
        if (to > from) pieces.push(header.subarray(from, to));
        from = cursor.start;
      }
      to = cursor.end;
    }
    if (to > from) pieces.push(header.subarray(from, to));
    pieces.push(header.subarray(cursor.end));
    return Buffer.concat(pieces);
  }

  #isNamed(header: Buffer, cursor: FieldCursor): boolean {
    if (cursor.nameEnd === cursor.start || !this.#lengths.has(cursor.nameEnd - cursor.start)) return false;
    return this.#names.has(lowerCase(header.toString('latin1', cursor.start, cursor.nameEnd)));
  }
}
