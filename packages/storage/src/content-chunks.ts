import type { Content } from './content-writer.ts';

const CHUNK_OCTETS = 512 * 1024;

/** The octets of a message that waits in the database, in the pieces in which they are stored there. */
export async function* contentChunks(content: Content): AsyncGenerator<Buffer, void> {
  let pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of content.read(0, content.sizeOctets)) {
    pieces.push(piece);
    octets += piece.length;
    if (octets < CHUNK_OCTETS) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    octets = 0;
  }
  if (octets > 0) yield Buffer.concat(pieces);
}
