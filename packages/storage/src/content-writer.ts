import { createHash } from 'node:crypto';
import { body, bodyStructure, encodePartIndex, envelope, MessageParser } from '@postel/mime';
import type { BlobStore, BlobWriter, NewBlob } from './blob-store.ts';
import { ChunkChecksums } from './chunk-checksums.ts';
import { type ContentSummary, type ContentText, contentSummary, contentText } from './content-text.ts';
import { StorageError, translateFileError } from './errors.ts';

/** Content up to here stands in its row, larger in a blob. */
export const INLINE_OCTETS = 128 * 1024;
const FIRST_BUFFER_OCTETS = 16 * 1024;

/**
 * A message's octets, durable if they are in a blob, with all that they fix: ready to be appended, also several times and
 * to several accounts. Whoever has it discards it in the end (`await using content = await writer.finish()`), whatever
 * became of it: octets that a message took stay.
 */
export interface Content extends AsyncDisposable {
  readonly hash: Buffer;
  readonly sizeOctets: number;
  readonly headerOctets: number;
  /** Null if the octets are in the blob. */
  readonly octets: Buffer | null;
  readonly blob: NewBlob | null;
  /** See ChunkChecksums; null without a blob. */
  readonly blobChecksums: Buffer | null;
  readonly envelope: Buffer;
  readonly bodyStructure: Buffer;
  readonly body: Buffer;
  readonly partIndex: Buffer;
  readonly text: ContentText;
  readonly summary: ContentSummary;
  /** Octets `start` to `end` (not included), before any message took them. */
  read(start: number, end: number): AsyncIterable<Buffer>;
  /** Drops the blob, if no message took it. */
  discard(): Promise<void>;
}

/**
 * Takes the octets of one message as they come from the network: hashed, parsed and stored in one pass, never held whole
 * above INLINE_OCTETS. End with `finish` or `abort`.
 */
export class ContentWriter {
  readonly #blobs: BlobStore;
  readonly #limitOctets: number;
  readonly #inlineOctets: number;
  readonly #hash = createHash('sha256');
  readonly #checksums = new ChunkChecksums();
  readonly #parser = new MessageParser({ collectText: true });
  /** What is not in the blob yet; all, as long as there is none. Pieces may be of one octet, so they are gathered. */
  #buffer = Buffer.alloc(0);
  #buffered = 0;
  #blob: BlobWriter | null = null;
  #sizeOctets = 0;

  /**
   * @param limitOctets a larger message is refused with 'too-large'
   * @param inlineOctets a larger one is put into a blob, and so not held until it is appended
   */
  constructor(blobs: BlobStore, limitOctets: number, inlineOctets = INLINE_OCTETS) {
    this.#blobs = blobs;
    this.#limitOctets = limitOctets;
    this.#inlineOctets = Math.min(inlineOctets, INLINE_OCTETS);
  }

  get sizeOctets(): number {
    return this.#sizeOctets;
  }

  /**
   * The piece may be kept until `finish`: its memory must not be written again.
   *
   * @throws {StorageError} 'too-large'; 'disk-full'
   */
  async write(piece: Buffer): Promise<void> {
    this.#sizeOctets += piece.length;
    if (this.#sizeOctets > this.#limitOctets) {
      throw new StorageError('too-large', `The message is larger than ${this.#limitOctets} octets`);
    }
    this.#hash.update(piece);
    this.#parser.push(piece);
    if (this.#buffered + piece.length > INLINE_OCTETS) await this.#moveToBlob();
    if (piece.length > INLINE_OCTETS) await this.#writeBlob(piece);
    else this.#gather(piece);
  }

  /** @throws {StorageError} 'disk-full' */
  async finish(): Promise<Content> {
    if (this.#blob !== null || this.#buffered > this.#inlineOctets) await this.#moveToBlob();
    const blob = await ofFile(async () => (await this.#blob?.finish()) ?? null);
    const structure = this.#parser.end();
    const octets = blob === null ? this.#buffer.subarray(0, this.#buffered) : null;
    const discard = async () => blob?.discard();
    return {
      hash: this.#hash.digest(),
      sizeOctets: this.#sizeOctets,
      headerOctets: structure.headerOctets,
      octets,
      blob,
      blobChecksums: blob === null ? null : this.#checksums.finish(),
      envelope: envelope(structure),
      bodyStructure: bodyStructure(structure.root),
      body: body(structure.root),
      partIndex: encodePartIndex(structure),
      text: await contentText(structure),
      summary: contentSummary(structure),
      read: (start, end) => blob?.read(start, end) ?? inMemory(octets, start, end),
      discard,
      [Symbol.asyncDispose]: discard,
    };
  }

  /** Forgets the message; also after a failed `write` or `finish`. */
  async abort(): Promise<void> {
    this.#buffer = Buffer.alloc(0);
    await this.#blob?.abort();
  }

  #gather(piece: Buffer): void {
    const needed = this.#buffered + piece.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.min(Math.max(needed, 2 * this.#buffered, FIRST_BUFFER_OCTETS), INLINE_OCTETS),
      );
      this.#buffer.copy(larger, 0, 0, this.#buffered);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.#buffered);
    this.#buffered = needed;
  }

  async #moveToBlob(): Promise<void> {
    await this.#writeBlob(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  async #writeBlob(octets: Buffer): Promise<void> {
    await ofFile(async () => {
      this.#blob ??= await this.#blobs.create();
      this.#checksums.update(octets);
      await this.#blob.write(octets);
    });
  }
}

async function* inMemory(octets: Buffer | null, start: number, end: number): AsyncGenerator<Buffer> {
  if (octets !== null) yield octets.subarray(start, end);
}

async function ofFile<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateFileError(error);
  }
}
