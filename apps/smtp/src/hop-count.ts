const LF = 0x0a;
const CR = 0x0d;
const FIELD = /^received[ \t:]/i;
const NAME_OCTETS = 'received:'.length;

/** Counts the Received fields of a message as it passes: one a hop, and many where it goes in circles (RFC 5321 §6.3). */
export class HopCount {
  hops = 0;
  /** How the present line begins. */
  #start = '';
  #isInHeader = true;

  push(piece: Buffer): void {
    for (let at = 0; this.#isInHeader && at < piece.length; ) {
      const lineFeed = piece.indexOf(LF, at);
      const end = lineFeed === -1 ? piece.length : lineFeed + 1;
      const missing = NAME_OCTETS - this.#start.length;
      if (missing > 0) this.#start += piece.toString('latin1', at, Math.min(end, at + missing));
      if (lineFeed !== -1) this.#endLine();
      at = end;
    }
  }

  #endLine(): void {
    if (FIELD.test(this.#start)) this.hops++;
    const first = this.#start.charCodeAt(0);
    this.#isInHeader = first !== CR && first !== LF;
    this.#start = '';
  }
}
