import { createHash } from 'node:crypto';

export interface BodyHashOptions {
  readonly canonicalization: 'simple' | 'relaxed';
  readonly algorithm?: 'sha256' | 'sha1';
  /** What `l=` says (RFC 6376 §3.5); all, if not given. */
  readonly most?: number;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** Where canonical octets are gathered for the hash: one for all, as it is empty again whenever a piece has been taken in. */
const CANONICAL = Buffer.allocUnsafe(16 * 1024);
/** One octet adds no more at once: a space or half an end of a line, a CR and itself. */
const ADDED = 4;

/** Hash of a body in a canonicalization of RFC 6376 §3.4, taken in as its octets come: each is looked at once, and none is kept. */
export class BodyHash {
  readonly #hash;
  readonly #isRelaxed: boolean;
  readonly #most: number;
  /** A CR whose LF may come with the next piece. */
  #hasCr = false;
  #hasSpace = false;
  /** Ends of lines that count only if something follows. */
  #lineEnds = 0;
  /** In `CANONICAL`. */
  #gathered = 0;
  #canonicalOctets = 0;
  #hashedOctets = 0;
  #octets = 0;

  constructor({ canonicalization, algorithm = 'sha256', most = Number.POSITIVE_INFINITY }: BodyHashOptions) {
    this.#hash = createHash(algorithm);
    this.#isRelaxed = canonicalization === 'relaxed';
    this.#most = most;
  }

  get octets(): number {
    return this.#octets;
  }

  get canonicalOctets(): number {
    return this.#canonicalOctets;
  }

  get hashedOctets(): number {
    return this.#hashedOctets;
  }

  push(piece: Buffer): void {
    const { length } = piece;
    for (let i = 0; i < length; i++) this.#take(piece[i] as number);
    this.#octets += length;
    this.#flush();
  }

  /** In base64. */
  digest(): string {
    if (this.#hasCr) this.#add(CR);
    this.#flush();
    // An empty body has a line in one canonicalization, and none in the other: RFC 6376 §3.4.3 and §3.4.4.
    if (!this.#isRelaxed || this.#canonicalOctets > 0) this.#addLineEnd();
    this.#flush();
    return this.#hash.digest('base64');
  }

  #take(octet: number): void {
    if (this.#hasCr) {
      this.#hasCr = false;
      if (octet === LF) {
        this.#lineEnds++;
        this.#hasSpace = false;
        return;
      }
      this.#add(CR);
    }
    if (octet === CR) this.#hasCr = true;
    else if (this.#isRelaxed && (octet === SPACE || octet === TAB)) this.#hasSpace = true;
    else this.#add(octet);
  }

  /** What is neither the end of a line nor a space that another may join. */
  #add(octet: number): void {
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#addLineEnd();
    if (this.#gathered > CANONICAL.length - ADDED) this.#flush();
    if (this.#hasSpace) CANONICAL[this.#gathered++] = SPACE;
    this.#hasSpace = false;
    CANONICAL[this.#gathered++] = octet;
  }

  #addLineEnd(): void {
    if (this.#gathered > CANONICAL.length - ADDED) this.#flush();
    CANONICAL[this.#gathered++] = CR;
    CANONICAL[this.#gathered++] = LF;
  }

  #flush(): void {
    const hashed = Math.min(this.#gathered, this.#most - this.#hashedOctets);
    if (hashed > 0) this.#hash.update(CANONICAL.subarray(0, hashed));
    this.#hashedOctets += hashed;
    this.#canonicalOctets += this.#gathered;
    this.#gathered = 0;
  }
}
