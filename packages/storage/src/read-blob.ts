import { createHash } from 'node:crypto';
import type { BlobStore } from './blob-store.ts';
import { CHUNK_OCTETS, isChunkWhole } from './chunk-checksums.ts';

/** Where blobs are read from. */
export type BlobReader = Pick<BlobStore, 'read'>;

/** What a content row knows of its blob. */
export interface StoredBlob {
  readonly name: string;
  readonly sizeOctets: number;
  /** SHA-256. */
  readonly hash: Buffer;
  /** See ChunkChecksums; null for one that a Postel before these stored. */
  readonly checksums: Buffer | null;
}

/** The octets of a blob are not those that were stored. */
export class BlobDamaged extends Error {
  override readonly name = 'BlobDamaged';

  constructor(blob: string, where: string) {
    super(`blob ${blob} is damaged: ${where} not as stored. Restore it from a backup`);
  }
}

/**
 * Octets `start` to `end` (not included) of a blob, checked: by the checksums of the chunks in which they lie, so that none
 * that is wrong is given; without checksums, all of a blob by its hash, whose last piece is given only if it is right.
 *
 * @throws {BlobDamaged} also as the store does
 */
export function readBlob(blobs: BlobReader, blob: StoredBlob, start: number, end: number): AsyncGenerator<Buffer> {
  if (start >= end) return blobs.read(blob.name, start, end);
  if (blob.checksums !== null) return readChunks(blobs, blob, blob.checksums, start, end);
  if (start === 0 && end === blob.sizeOctets) return readHashed(blobs, blob);
  return blobs.read(blob.name, start, end);
}

async function* readChunks(
  blobs: BlobReader,
  { name, sizeOctets }: StoredBlob,
  checksums: Buffer,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const from = start - (start % CHUNK_OCTETS);
  const to = Math.min(Math.ceil(end / CHUNK_OCTETS) * CHUNK_OCTETS, Math.max(sizeOctets, end));
  let at = from;
  for await (const octets of inChunks(blobs.read(name, from, to))) {
    if (!isChunkWhole(checksums, at / CHUNK_OCTETS, octets)) {
      throw new BlobDamaged(name, `octets ${at} to ${at + octets.length} are`);
    }
    yield octets.subarray(Math.max(start - at, 0), end - at);
    at += octets.length;
  }
}

/** Pieces of any size as chunks; only the last may be smaller. */
async function* inChunks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldOctets = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + CHUNK_OCTETS - heldOctets);
      held.push(part);
      heldOctets += part.length;
      at += part.length;
      if (heldOctets < CHUNK_OCTETS) continue;
      yield joined(held);
      held = [];
      heldOctets = 0;
    }
  }
  if (heldOctets > 0) yield joined(held);
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}

async function* readHashed(blobs: BlobReader, { name, sizeOctets, hash }: StoredBlob): AsyncGenerator<Buffer> {
  const seen = createHash('sha256');
  let last: Buffer | null = null;
  for await (const piece of blobs.read(name, 0, sizeOctets)) {
    if (last !== null) yield last;
    seen.update(piece);
    last = piece;
  }
  if (!seen.digest().equals(hash)) throw new BlobDamaged(name, 'its octets are');
  if (last !== null) yield last;
}
