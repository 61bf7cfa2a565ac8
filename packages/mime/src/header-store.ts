import { limits } from './limits.ts';
import { LF } from './octet-string.ts';

const COMMA = 0x2c;

/**
 * The octets of the header being read, while it spreads over chunks; at most `limits.headerOctets` of them. A header that
 * lies within one chunk is never copied. The memory serves one header after the other.
 */
export class HeaderStore {
  #octets: Buffer = Buffer.alloc(0);
  #length = 0;
  #start = 0;

  /** A header begins at this offset of the content. */
  begin(offset: number): void {
    this.#start = offset;
    this.#length = 0;
  }

  /** Saves what belongs to the header of a chunk that is about to go. */
  save(chunk: Buffer, chunkOffset: number): void {
    const from = Math.max(this.#start - chunkOffset, 0);
    const room = limits.headerOctets - this.#length;
    const piece = chunk.subarray(from, from + room);
    if (piece.length === 0) return;
    if (this.#length + piece.length > this.#octets.length) this.#grow(this.#length + piece.length);
    piece.copy(this.#octets, this.#length);
    this.#length += piece.length;
  }

  /** The header, which ends at this offset. It is valid until the next call of any method. */
  take(end: number, chunk: Buffer, chunkOffset: number): Buffer {
    const octets = end - this.#start;
    if (octets === 0) return this.#octets.subarray(0, 0);
    if (this.#length === 0) {
      const from = this.#start - chunkOffset;
      return whole(chunk.subarray(from, from + Math.min(octets, limits.headerOctets)), octets);
    }
    if (end > chunkOffset) this.save(chunk.subarray(0, end - chunkOffset), chunkOffset);
    return whole(this.#octets.subarray(0, Math.min(octets, this.#length)), octets);
  }

  #grow(length: number): void {
    const octets = Buffer.allocUnsafe(Math.min(Math.max(length, this.#octets.length * 2, 4_096), limits.headerOctets));
    this.#octets.copy(octets, 0, 0, this.#length);
    this.#octets = octets;
  }
}

/** Of a header longer than we keep, what ends well: no address may be cut into another, shorter one. */
function whole(kept: Buffer, octets: number): Buffer {
  if (kept.length === octets) return kept;
  const lineFeed = kept.lastIndexOf(LF);
  return kept.subarray(0, lineFeed >= 0 ? lineFeed + 1 : kept.lastIndexOf(COMMA) + 1);
}
