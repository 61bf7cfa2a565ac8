import type { Content } from './content-writer.ts';

/** How much of a message is in one piece. */
export const CONTENT_CHUNK_OCTETS = 512 * 1024;

/**
 * The octets of a message that waits in the database, in the pieces in which they are stored there.
 *
 * @param prefix stands before them
 */
export async function* contentChunks(
  content: Pick<Content, 'read' | 'sizeOctets'>,
  prefix: Buffer = Buffer.alloc(0),
): AsyncGenerator<Buffer, void> {
  let pieces = [prefix];
  let octets = prefix.length;
  for await (const piece of content.read(0, content.sizeOctets)) {
    pieces.push(piece);
    octets += piece.length;
    if (octets < CONTENT_CHUNK_OCTETS) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    octets = 0;
  }
  if (octets > 0) yield Buffer.concat(pieces);
}
