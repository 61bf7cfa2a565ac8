import { HEADER_LINES, HEADER_OCTETS, SIGNATURES } from './limits.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Takes a message's octets as they come, and keeps its header section. */
export class HeaderSection {
  readonly #pieces: Buffer[] = [];
  #octets = 0;
  #lines = 0;
  /** Octets of the line that is not at its end yet, other than CR. */
  #lineOctets = 0;
  #isAtEnd = false;

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** More than is looked at. */
  get isTooLong(): boolean {
    return this.#octets > HEADER_OCTETS || this.#lines > HEADER_LINES;
  }

  get octets(): number {
    return this.#octets;
  }

  /** @returns what is behind the empty line at its end, as far as it is in this piece */
  push(piece: Buffer): Buffer {
    for (let at = 0; at < piece.length; ) {
      const lineFeed = piece.indexOf(LF, at);
      const end = lineFeed === -1 ? piece.length : lineFeed + 1;
      this.#lineOctets += octetsOfLine(piece, at, end);
      at = end;
      if (lineFeed === -1) break;
      this.#lines++;
      this.#isAtEnd = this.#lineOctets === 0;
      this.#lineOctets = 0;
      if (this.#isAtEnd || this.isTooLong) {
        this.#keep(piece.subarray(0, at));
        return piece.subarray(at);
      }
    }
    this.#keep(piece);
    return piece.subarray(piece.length);
  }

  /** As far as it has come. */
  toBuffer(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  #keep(piece: Buffer): void {
    this.#octets += piece.length;
    if (!this.isTooLong) this.#pieces.push(Buffer.from(piece));
  }
}

function octetsOfLine(piece: Buffer, start: number, end: number): number {
  let octets = end - start;
  if (octets > 0 && piece[end - 1] === LF) octets--;
  if (octets > 0 && piece[start + octets - 1] === CR) octets--;
  return octets;
}

/** Whether there is anything in it for which the body matters. */
export function isSigned(header: Buffer): boolean {
  return /^(?:dkim-signature|arc-seal|arc-message-signature|arc-authentication-results)[ \t]*:/im.test(
    header.toString('latin1'),
  );
}

/** Without the DKIM-Signature fields beyond those that are looked at. */
export function withoutExcessSignatures(header: Buffer): Buffer {
  const fields = header.toString('latin1').split(/(?<=\n)(?![ \t])/);
  let signatures = 0;
  const kept = fields.filter((field) => !/^dkim-signature[ \t]*:/i.test(field) || ++signatures <= SIGNATURES);
  return kept.length === fields.length ? header : Buffer.from(kept.join(''), 'latin1');
}
