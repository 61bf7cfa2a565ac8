import type { Section } from '@postel/imap-wire';
import { decodePartIndex, findSection, type HeaderFieldSelector, type PartIndex } from '@postel/mime';
import type { FetchColumns, FetchedMessage, Store } from '@postel/storage';

/** HEADER.FIELDS reads no more of a header than this; a longer one is no letter's. */
const HEADER_OCTETS = 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/** Octets of prefix + content, `end` not included. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** What must be read of a message to answer for a section. */
export function columnsFor({ type, part }: Section): FetchColumns {
  const isHeader = type === 'header' || type === 'header-fields';
  if (part.length === 0) return isHeader ? { header: true } : { octets: true };
  return { octets: true, partIndex: true };
}

/** The octets of one fetched message: the prefix, then the content from its row or its blob. */
export class MessageOctets {
  readonly #store: Store;
  readonly #message: FetchedMessage;
  #partIndex: PartIndex | null = null;

  constructor(store: Store, message: FetchedMessage) {
    this.#store = store;
    this.#message = message;
  }

  /** Where a section lies; null if the message has none such. */
  locate({ type, part }: Section): OctetRange | null {
    const { prefixOctets, headerOctets, sizeOctets, partIndex } = this.#message;
    const bodyStart = prefixOctets + headerOctets;
    if (part.length > 0) {
      this.#partIndex ??= decodePartIndex(partIndex ?? EMPTY);
      const text = type === 'body' ? null : type === 'text' ? 'TEXT' : type === 'mime' ? 'MIME' : 'HEADER';
      return findSection(this.#partIndex, { path: part, text }, prefixOctets);
    }
    switch (type) {
      case 'body':
        return { start: 0, end: sizeOctets };
      case 'header':
      case 'header-fields':
        return { start: 0, end: bodyStart };
      case 'text':
        return { start: bodyStart, end: sizeOctets };
      case 'mime':
        return null;
      default:
        return type satisfies never;
    }
  }

  /** The chosen fields of the header at `range`. */
  async selectFields(selector: HeaderFieldSelector, range: OctetRange): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.read({ start: range.start, end: Math.min(range.end, range.start + HEADER_OCTETS) }))
      pieces.push(piece);
    return selector.select(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
  }

  /** The octets of a range if they are in memory, in at most two pieces; null if they must be read from a blob. */
  inMemory({ start, end }: OctetRange): readonly Buffer[] | null {
    const { prefixOctets, prefix, header, octets } = this.#message;
    const content = octets ?? header;
    if (content === null || end - prefixOctets > content.length)
      return end <= prefixOctets && prefix !== null ? [prefix.subarray(start, end)] : null;
    const pieces: Buffer[] = [];
    if (start < prefixOctets) pieces.push((prefix ?? EMPTY).subarray(start, end));
    if (end > prefixOctets) pieces.push(content.subarray(Math.max(start - prefixOctets, 0), end - prefixOctets));
    return pieces;
  }

  /** The octets of a range, piece by piece. */
  async *read(range: OctetRange): AsyncGenerator<Buffer> {
    const known = this.inMemory(range);
    if (known !== null) {
      yield* known;
      return;
    }
    const { prefixOctets, prefix, blobName } = this.#message;
    if (blobName === null) throw new Error('a message with neither octets nor blob');
    if (range.start < prefixOctets) yield (prefix ?? EMPTY).subarray(range.start, range.end);
    yield* this.#store.readBlob(blobName, Math.max(range.start - prefixOctets, 0), range.end - prefixOctets);
  }
}
