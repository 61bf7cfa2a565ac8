import { createHash } from 'node:crypto';

const TOKENS = /[ \t]+|(?:\r\n)+|\r|[^ \t\r]+/g;
const EMPTY_LINES = '\r\n'.repeat(512);

/** SHA-256 of a body in the relaxed canonicalization of RFC 6376 §3.4.4, taken in as its octets come. */
export class RelaxedBodyHash {
  readonly #hash = createHash('sha256');
  /** A CR whose LF may come with the next piece. */
  #carried = '';
  #hasSpace = false;
  /** Ends of lines that count only if something follows. */
  #lineEnds = 0;
  #isEmpty = true;

  push(piece: Buffer): void {
    let text = this.#carried + piece.toString('latin1');
    this.#carried = text.endsWith('\r') ? '\r' : '';
    if (this.#carried !== '') text = text.slice(0, -1);
    this.#take(text);
  }

  /** In base64. */
  digest(): string {
    this.#take(this.#carried);
    if (!this.#isEmpty) this.#hash.update('\r\n');
    return this.#hash.digest('base64');
  }

  #take(text: string): void {
    let canonical = '';
    for (const [token] of text.matchAll(TOKENS)) {
      if (token.startsWith('\r\n')) {
        this.#lineEnds += token.length / 2;
        this.#hasSpace = false;
      } else if (token.startsWith(' ') || token.startsWith('\t')) {
        this.#hasSpace = true;
      } else {
        if (this.#lineEnds > 0) {
          this.#hash.update(canonical, 'latin1');
          canonical = '';
          this.#writeLineEnds();
        }
        canonical += this.#hasSpace ? ` ${token}` : token;
        this.#hasSpace = false;
        this.#isEmpty = false;
      }
    }
    this.#hash.update(canonical, 'latin1');
  }

  #writeLineEnds(): void {
    while (this.#lineEnds > 0) {
      const count = Math.min(this.#lineEnds, EMPTY_LINES.length / 2);
      this.#hash.update(EMPTY_LINES.slice(0, count * 2));
      this.#lineEnds -= count;
    }
  }
}
