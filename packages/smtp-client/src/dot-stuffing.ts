const LINE_THAT_BEGINS_WITH_A_DOT = Buffer.from('\r\n.');
const DOT = Buffer.from('.');

/** A message as DATA has it, but for the final dot: RFC 5321 §4.5.2. @param message its lines end in CRLF, the last too */
export function stuffDots(message: Buffer): Buffer {
  const pieces: Buffer[] = message[0] === DOT[0] ? [DOT] : [];
  let start = 0;
  for (;;) {
    const found = message.indexOf(LINE_THAT_BEGINS_WITH_A_DOT, start);
    if (found === -1) break;
    const end = found + LINE_THAT_BEGINS_WITH_A_DOT.length;
    pieces.push(message.subarray(start, end), DOT);
    start = end;
  }
  return pieces.length === 0 ? message : Buffer.concat([...pieces, message.subarray(start)]);
}

const CRLF = Buffer.from('\r\n');
const END_OF_DATA = Buffer.from('.\r\n');

/** The same for a message that comes in pieces. */
export class DotStuffing {
  /** The last two octets that went out, which may be half of a line's end. */
  #tail: Buffer = CRLF;

  push(octets: Buffer): Buffer {
    if (octets.length === 0) return octets;
    // What comes behind the tail is found as in one piece.
    const stuffed = stuffDots(Buffer.concat([Buffer.from('x'), this.#tail, octets])).subarray(1 + this.#tail.length);
    const ends = Buffer.concat([this.#tail, octets]);
    this.#tail = ends.subarray(-2);
    return stuffed;
  }

  /** The end of data, and of the last line if it has none. */
  end(): Buffer {
    return this.#tail.equals(CRLF) ? END_OF_DATA : Buffer.concat([CRLF, END_OF_DATA]);
  }
}
