import { crc32 } from 'node:zlib';

/** What one checksum covers: a range of a blob is checked by reading whole chunks. */
export const CHUNK_OCTETS = 64 * 1024;
const CHECKSUM_OCTETS = 4;
const FIRST_CHECKSUMS = 16;

/**
 * CRC-32 of each 64 kB of a content, 4 octets each, big-endian: 6.4 kB for 100 MB. Against disks that rot, not against people:
 * who can change a blob can change the database too.
 */
export class ChunkChecksums {
  #checksums = Buffer.alloc(FIRST_CHECKSUMS * CHECKSUM_OCTETS);
  #length = 0;
  #current = 0;
  #inChunk = 0;

  update(octets: Buffer): void {
    for (let at = 0; at < octets.length; ) {
      const piece = octets.subarray(at, at + CHUNK_OCTETS - this.#inChunk);
      this.#current = crc32(piece, this.#current);
      this.#inChunk += piece.length;
      at += piece.length;
      if (this.#inChunk === CHUNK_OCTETS) this.#endChunk();
    }
  }

  finish(): Buffer {
    if (this.#inChunk > 0) this.#endChunk();
    return this.#checksums.subarray(0, this.#length);
  }

  #endChunk(): void {
    if (this.#length === this.#checksums.length) {
      this.#checksums = Buffer.concat([this.#checksums, Buffer.alloc(this.#length)]);
    }
    this.#length = this.#checksums.writeUInt32BE(this.#current, this.#length);
    this.#current = 0;
    this.#inChunk = 0;
  }
}

/** Whether a chunk, by its number from 0, is what it was when the checksums were made. */
export function isChunkWhole(checksums: Buffer, chunk: number, octets: Buffer): boolean {
  const at = chunk * CHECKSUM_OCTETS;
  return at + CHECKSUM_OCTETS <= checksums.length && checksums.readUInt32BE(at) === crc32(octets);
}
