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

const CR = 0x0d;
const LF = 0x0a;

/** The same for a message that comes in pieces. What needs no dot goes on as it is, in the memory that it came in. */
export class DotStuffing {
  /** What went out last: it is at the beginning of a line, or of the LF that ends one, or neither. */
  #at: 'line' | 'line feed' | 'text' = 'line';

  push(octets: Buffer): Buffer {
    if (octets.length === 0) return octets;
    const pieces: Buffer[] = [];
    let start = 0;
    // Where the line began before this piece, or with its first octet.
    const first = this.#at === 'line' ? 0 : this.#at === 'line feed' && octets[0] === LF ? 1 : null;
    if (first !== null && octets[first] === DOT[0]) {
      pieces.push(octets.subarray(0, first), DOT);
      start = first;
    }
    this.#at = this.#endOf(octets);
    for (;;) {
      const found = octets.indexOf(LINE_THAT_BEGINS_WITH_A_DOT, start);
      if (found === -1) break;
      const dot = found + LINE_THAT_BEGINS_WITH_A_DOT.length - 1;
      pieces.push(octets.subarray(start, dot), DOT);
      start = dot;
    }
    return pieces.length === 0 ? octets : Buffer.concat([...pieces, octets.subarray(start)]);
  }

  /** The end of data, and of the last line if it has none. */
  end(): Buffer {
    return this.#at === 'line' ? END_OF_DATA : Buffer.concat([CRLF, END_OF_DATA]);
  }

  #endOf(octets: Buffer): 'line' | 'line feed' | 'text' {
    const last = octets.at(-1);
    if (last === CR) return 'line feed';
    if (last !== LF) return 'text';
    if (octets.length === 1) return this.#at === 'line feed' ? 'line' : 'text';
    return octets.at(-2) === CR ? 'line' : 'text';
  }
}
