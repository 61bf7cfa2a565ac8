import { ResponseWriter, writeSection } from '@postel/imap-wire';
import { HeaderFieldSelector } from '@postel/mime';
import type { FetchItem } from './fetch-items.ts';
import { beginning, bounds, gather, joined, type MessageOctets, type OctetRange } from './message-sections.ts';
import type { Session } from './session.ts';
import { streamLiteral } from './stream-literal.ts';

export type SectionItem = Extract<FetchItem, { type: 'section' }>;

const NIL = Buffer.from('NIL');

/** What was read of a message in a blob before its answer begins. */
interface ReadSections {
  readonly read: ReadonlyMap<FetchItem, Buffer>;
  /** What more may be read. */
  readonly leftOctets: number;
  /** Sections are left that were too large. */
  readonly hasMore: boolean;
}

/** The BODY[section] items of one FETCH: RFC 9051 §6.4.5. */
export class SectionItems {
  readonly #session: Session;
  readonly #items: readonly SectionItem[];
  /** What answers call each, in wire form. */
  readonly #names = new Map<SectionItem, Buffer>();
  readonly #selectors = new Map<SectionItem, HeaderFieldSelector>();

  constructor(session: Session, items: readonly FetchItem[]) {
    this.#session = session;
    this.#items = items.filter((item) => item.type === 'section');
    for (const item of this.#items) {
      this.#names.set(item, nameOf(item));
      if (item.section.type !== 'header-fields') continue;
      const { names, not } = item.section;
      this.#selectors.set(item, new HeaderFieldSelector(names, not ? 'except' : 'only'));
    }
  }

  nameOf(item: SectionItem): Buffer {
    return this.#names.get(item) ?? nameOf(item);
  }

  /** Writes one of a message in memory. @returns how many octets were looked through */
  write(item: SectionItem, octets: MessageOctets): number {
    const { out } = this.#session;
    const found = this.#begin(item, octets);
    if (found === null) return 0;
    const selector = this.#selectors.get(item);
    if (selector !== undefined) {
      const fields = selector.select(joined(octets.inMemory(beginning(found))));
      out.literal(fields.subarray(...bounds(item, 0, fields.length)));
      return found.end - found.start;
    }
    const [start, end] = bounds(item, found.start, found.end);
    out.literalHeader(end - start);
    for (const piece of octets.inMemory({ start, end })) out.octets(piece);
    return 0;
  }

  /** Writes one that was read before. */
  writeRead(item: SectionItem, octets: Buffer): void {
    this.#session.out.octets(this.nameOf(item)).literal(octets);
  }

  /** Writes one of a message in a blob, as it is read. */
  async writeOfBlob(item: SectionItem, octets: MessageOctets): Promise<void> {
    const { out } = this.#session;
    const found = this.#begin(item, octets);
    if (found === null) return;
    const [start, end] = bounds(item, found.start, found.end);
    out.literalHeader(end - start);
    await streamLiteral(this.#session, octets.read({ start, end }));
  }

  /** Reads what HEADER.FIELDS will tell of a message in a blob, and sections that are small. @param mostOctets of these */
  async readBefore(octets: MessageOctets, mostOctets: number): Promise<ReadSections> {
    const read = new Map<FetchItem, Buffer>();
    let leftOctets = mostOctets;
    let hasMore = false;
    for (const item of this.#items) {
      const found = octets.locate(item.section);
      if (found === null) continue;
      const selector = this.#selectors.get(item);
      if (selector !== undefined) {
        const fields = selector.select(await gather(octets.read(beginning(found))));
        read.set(item, fields.subarray(...bounds(item, 0, fields.length)));
        continue;
      }
      const [start, end] = bounds(item, found.start, found.end);
      if (end - start > leftOctets) {
        hasMore = true;
        continue;
      }
      read.set(item, joined(await Array.fromAsync(octets.read({ start, end }))));
      leftOctets -= end - start;
    }
    return { read, leftOctets, hasMore };
  }

  /** Writes what the answer calls the section, and NIL if the message has none such. */
  #begin(item: SectionItem, octets: MessageOctets): OctetRange | null {
    const { out } = this.#session;
    out.octets(this.nameOf(item));
    const found = octets.locate(item.section);
    if (found === null) out.octets(NIL);
    return found;
  }
}

/** `BODY[1.TEXT]<0> `, for instance. */
function nameOf({ section, partial, name }: SectionItem): Buffer {
  const out = new ResponseWriter().text(name);
  if (name === 'BODY') writeSection(out, section);
  if (partial !== null) out.text('<').number(partial.offset).text('>');
  return Buffer.concat(out.sp().take());
}
