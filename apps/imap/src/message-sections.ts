import type { Section } from '@postel/imap-wire';
import { decodePartIndex, findSection, type PartIndex } from '@postel/mime';
import type { FetchColumns, FetchedMessage, Store } from '@postel/storage';

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

  /** Whether `inMemory` has what was asked for; if not, `read` does. */
  get isInMemory(): boolean {
    return this.#message.blob === null;
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

  /** The octets of a range, in at most two pieces. */
  inMemory({ start, end }: OctetRange): readonly Buffer[] {
    const { prefixOctets, prefix, header, octets } = this.#message;
    const content = octets ?? header ?? EMPTY;
    const pieces: Buffer[] = [];
    if (start < prefixOctets) pieces.push((prefix ?? EMPTY).subarray(start, end));
    if (end > prefixOctets) pieces.push(content.subarray(Math.max(start - prefixOctets, 0), end - prefixOctets));
    return pieces;
  }

  /** The octets of a range, from the blob, piece by piece. */
  async *read({ start, end }: OctetRange): AsyncGenerator<Buffer> {
    const { prefixOctets, prefix, blob } = this.#message;
    if (blob === null) throw new Error('the message is in no blob');
    if (start < prefixOctets) yield (prefix ?? EMPTY).subarray(start, end);
    yield* this.#store.readBlob(blob, Math.max(start - prefixOctets, 0), end - prefixOctets);
  }

  /** Throws if the blob cannot be read, to its last octet. */
  async probe(): Promise<void> {
    const { sizeOctets } = this.#message;
    for await (const _ of this.read({ start: sizeOctets - 1, end: sizeOctets }));
  }
}
