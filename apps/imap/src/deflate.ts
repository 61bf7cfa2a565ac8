import { constants, deflateRawSync } from 'node:zlib';

const { Z_BEST_SPEED, Z_DEFAULT_STRATEGY, Z_FINISH, Z_HUFFMAN_ONLY, Z_SYNC_FLUSH } = constants;

/** Compressed on their own: shorter ones together, of longer ones each part. Few references reach farther. */
const SLICE_OCTETS = 32 * 1024;
/** Below this it costs more than it saves. */
const LEAST_OCTETS = 128;
/** From here on it is worth while to find out first what compression there can be. */
const SAMPLED_OCTETS = 8 * 1024;
const SAMPLE_OCTETS = 1024;
/** A sample of text takes about half of its octets, of base64 four fifths, of what is compressed already all of them. */
const REPEATS_BELOW = 0.7;
const COMPRESSES_BELOW = 0.95;

/**
 * Compresses what is sent at once, so that the client can read all of it (RFC 4978 §3).
 *
 * Nothing refers to what was sent before. So no state is held for a connection (zlib's takes up to 260 kB, and making one
 * for an answer costs 10 us), and the size of one answer tells nothing of what it has in common with another. The RFC lets a
 * server do so (§4). Most answers are long enough to be worth their own codes; of 1,000 octets half is left, of 16,000 a third.
 */
export function deflate(pieces: readonly Buffer[]): Buffer[] {
  const deflated: Buffer[] = [];
  for (const slice of slicesOf(pieces)) deflateSlice(slice, deflated);
  return deflated;
}

/** As `deflate`, of the last there is: what follows is not compressed. */
export function deflateLast(pieces: readonly Buffer[]): Buffer {
  return deflateRawSync(Buffer.concat(pieces), { level: Z_BEST_SPEED, finishFlush: Z_FINISH });
}

function* slicesOf(pieces: readonly Buffer[]): Generator<Buffer> {
  let short: Buffer[] = [];
  let octets = 0;
  for (const piece of pieces) {
    if (octets + piece.length > SLICE_OCTETS && octets > 0) {
      yield Buffer.concat(short);
      short = [];
      octets = 0;
    }
    let at = 0;
    for (; piece.length - at >= SLICE_OCTETS; at += SLICE_OCTETS) yield piece.subarray(at, at + SLICE_OCTETS);
    if (at === piece.length) continue;
    short.push(piece.subarray(at));
    octets += piece.length - at;
  }
  if (octets > 0) yield short.length === 1 && short[0] !== undefined ? short[0] : Buffer.concat(short);
}

function deflateSlice(slice: Buffer, to: Buffer[]): void {
  const ratio = slice.length < SAMPLED_OCTETS ? 0 : sampleRatio(slice);
  if (slice.length < LEAST_OCTETS || ratio > COMPRESSES_BELOW) {
    to.push(storedHeader(slice.length), slice);
    return;
  }
  to.push(deflateTo(slice, ratio < REPEATS_BELOW ? Z_DEFAULT_STRATEGY : Z_HUFFMAN_ONLY));
}

function sampleRatio(slice: Buffer): number {
  const from = (slice.length - SAMPLE_OCTETS) >> 1;
  return deflateTo(slice.subarray(from, from + SAMPLE_OCTETS), Z_DEFAULT_STRATEGY).length / SAMPLE_OCTETS;
}

function deflateTo(octets: Buffer, strategy: number): Buffer {
  return deflateRawSync(octets, {
    level: Z_BEST_SPEED,
    strategy,
    finishFlush: Z_SYNC_FLUSH,
    chunkSize: octets.length + SAMPLE_OCTETS, // all in one, whatever it is
  });
}

/** A stored block that is not the last: RFC 1951 §3.2.4. It ends at an octet, so nothing needs to be flushed. */
function storedHeader(octets: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(octets, 1);
  header.writeUInt16LE(octets ^ 0xffff, 3);
  return header;
}
