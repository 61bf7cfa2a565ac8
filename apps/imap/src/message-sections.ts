import type { Partial, Section } from '@postel/imap-wire';
import { decodePartIndex, findPart, findSection, type PartIndex } from '@postel/mime';
import type { FetchColumns, FetchedMessage, Store } from '@postel/storage';

const EMPTY = Buffer.alloc(0);
/** HEADER.FIELDS reads no more of a header than this; a longer one is no letter's. */
const HEADER_OCTETS = 1024 * 1024;

/** Octets of prefix + content, `end` not included. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** A part as FETCH BINARY decodes it. */
export interface EncodedPart {
  readonly body: OctetRange;
  /** Null if it has no encoding of its own: only leaf parts have one (RFC 2045 §6.4). */
  readonly header: OctetRange | null;
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

  /** Null if the message has no such part. */
  locateEncoded(part: readonly number[]): EncodedPart | null {
    const body = this.locate({ type: 'body', part });
    if (body === null || part.length === 0) return body === null ? null : { body, header: null };
    this.#partIndex ??= decodePartIndex(this.#message.partIndex ?? EMPTY);
    const isLeaf = findPart(this.#partIndex.root, part)?.kind === 'leaf';
    return { body, header: isLeaf ? this.locate({ type: 'mime', part }) : null };
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

  /** The octets of a range, wherever they are. */
  async *readAny(range: OctetRange): AsyncGenerator<Buffer> {
    if (this.isInMemory) yield* this.inMemory(range);
    else yield* this.read(range);
  }

  /** Throws if the blob cannot be read, to its last octet. */
  async probe(): Promise<void> {
    const { sizeOctets } = this.#message;
    for await (const _ of this.read({ start: sizeOctets - 1, end: sizeOctets }));
  }
}

/** From where to where, of `start` to `end`, a partial reaches; beyond the end it is empty (RFC 9051 §6.4.5). */
export function bounds(
  { partial }: { readonly partial: Partial | null },
  start: number,
  end: number,
): [number, number] {
  if (partial === null) return [start, end];
  const from = Math.min(start + partial.offset, end);
  return [from, Math.min(from + partial.count, end)];
}

/** As much of a header as is looked at. */
export function beginning({ start, end }: OctetRange): OctetRange {
  return { start, end: Math.min(end, start + HEADER_OCTETS) };
}

export async function gather(octets: AsyncIterable<Buffer>): Promise<Buffer> {
  return joined(await Array.fromAsync(octets));
}

export function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
