import { ResponseWriter } from '@postel/imap-wire';
import { transferEncoding } from '@postel/mime';
import { DecodedPart, type DecodedRange } from './decoded-part.ts';
import type { FetchItem } from './fetch-items.ts';
import { beginning, bounds, gather, joined, type MessageOctets, type OctetRange } from './message-sections.ts';
import type { Session } from './session.ts';
import { streamLiteral } from './stream-literal.ts';

export type BinaryItem = Extract<FetchItem, { type: 'binary' | 'binary-size' }>;

export const isBinary = (item: FetchItem): item is BinaryItem => item.type === 'binary' || item.type === 'binary-size';

/** What an item asks for; the range of a message in a blob, as it was measured. */
interface BinaryValue {
  readonly part: DecodedPart;
  readonly range: DecodedRange | null;
}

/** Null for a part that the message does not have. */
export type BinaryValues = ReadonlyMap<BinaryItem, BinaryValue | null>;

const NO_VALUES: BinaryValues = new Map();

/** The BINARY and BINARY.SIZE items of one FETCH: RFC 3516 §4.2, §4.3. */
export class BinaryItems {
  readonly #session: Session;
  readonly #items: readonly BinaryItem[];
  /** What answers call each, in wire form. */
  readonly #names: ReadonlyMap<BinaryItem, Buffer>;

  constructor(session: Session, items: readonly FetchItem[]) {
    this.#session = session;
    this.#items = items.filter(isBinary);
    this.#names = new Map(this.#items.map((item) => [item, nameOf(item)]));
  }

  /** What there is to tell of a message in memory; to be asked before its answer begins. */
  inMemory(octets: MessageOctets): BinaryValues | 'unknown-encoding' {
    if (this.#items.length === 0) return NO_VALUES;
    const values = new Map<BinaryItem, BinaryValue | null>();
    /** By where the header of the part begins: a part may be asked for a hundred times over. */
    const encodings = new Map<number, string>();
    const encodingOf = (header: OctetRange) => {
      const known = encodings.get(header.start);
      const encoding = known ?? transferEncoding(joined(octets.inMemory(header)));
      if (known === undefined) encodings.set(header.start, encoding);
      return encoding;
    };
    for (const item of this.#items) {
      const found = octets.locateEncoded(item.part);
      if (found === null) {
        values.set(item, null);
        continue;
      }
      const { body, header } = found;
      const encoding = header === null ? 'binary' : encodingOf(header);
      const part = DecodedPart.of(octets, body, encoding);
      if (part === null) return 'unknown-encoding';
      values.set(item, { part, range: null });
    }
    return values;
  }

  /**
   * As `inMemory`, of a message in a blob: decodes it, since a literal begins with its size.
   *
   * @param mayHoldOctets of all that is decoded, to be sent without decoding it again
   * @throws if the blob cannot be read
   */
  async ofBlob(uid: number, octets: MessageOctets, mayHoldOctets: number): Promise<BinaryValues | 'unknown-encoding'> {
    const values = new Map<BinaryItem, BinaryValue | null>();
    let mayHold = mayHoldOctets;
    for (const item of this.#items) {
      const found = octets.locateEncoded(item.part);
      if (found === null) {
        values.set(item, null);
        continue;
      }
      const { body, header } = found;
      const encoding = header === null ? 'binary' : transferEncoding(await gather(octets.read(beginning(header))));
      const part = DecodedPart.of(octets, body, encoding);
      if (part === null) return 'unknown-encoding';
      const range = await this.#measure(item, part, uid, mayHold);
      values.set(item, { part, range });
      mayHold -= range.held?.length ?? 0;
    }
    return values;
  }

  async #measure(item: BinaryItem, part: DecodedPart, uid: number, mayHoldOctets: number): Promise<DecodedRange> {
    if (item.type === 'binary-size') return await part.measure(0, Number.POSITIVE_INFINITY, 0);
    const { view } = this.#session;
    const name = item.part.join('.');
    const last = view.lastDecoded;
    if (last !== null && last.uid === uid && last.part === name) part.goOnFrom(last.place);
    const range = await part.measure(...bounds(item, 0, Number.POSITIVE_INFINITY), mayHoldOctets);
    view.lastDecoded = item.partial === null ? null : { uid, part: name, place: part.lastPlace };
    return range;
  }

  /** Of a message in memory, or of a part that there is not. */
  write(item: BinaryItem, value: BinaryValue | null): void {
    const { out } = this.#session;
    out.octets(this.#names.get(item) ?? nameOf(item));
    if (value === null) {
      out.text(item.type === 'binary' ? 'NIL' : '0'); // the grammar has no NIL for a size
      return;
    }
    const decoded = value.part.inMemory();
    if (item.type === 'binary-size') {
      out.number(decoded.length);
      return;
    }
    const octets = decoded.subarray(...bounds(item, 0, decoded.length));
    this.#literalHeader(octets.length, octets.includes(0));
    out.octets(octets);
  }

  /** Of any message. */
  async writeMuch(item: BinaryItem, value: BinaryValue | null): Promise<void> {
    if (value === null || value.range === null) {
      this.write(item, value);
      return;
    }
    const { out } = this.#session;
    const { from, sizeOctets, hasNul, held } = value.range;
    out.octets(this.#names.get(item) ?? nameOf(item));
    if (item.type === 'binary-size') {
      out.number(sizeOctets);
      return;
    }
    this.#literalHeader(sizeOctets, hasNul);
    if (held !== null) out.octets(held);
    else await streamLiteral(this.#session, value.part.read(from, from + sizeOctets));
  }

  /** RFC 3516 §4.3: a literal8 tells that there is NUL. */
  #literalHeader(octets: number, hasNul: boolean): void {
    if (hasNul) this.#session.out.literal8Header(octets);
    else this.#session.out.literalHeader(octets);
  }
}

/** `BINARY[1.2]<0> ` or `BINARY.SIZE[1.2] `. */
function nameOf(item: BinaryItem): Buffer {
  const out = new ResponseWriter().text(item.type === 'binary' ? 'BINARY[' : 'BINARY.SIZE[');
  out.text(item.part.join('.')).text(']');
  if (item.type === 'binary' && item.partial !== null) out.text('<').number(item.partial.offset).text('>');
  return Buffer.concat(out.sp().take());
}
