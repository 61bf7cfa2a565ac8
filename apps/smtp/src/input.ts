import { Writable } from 'node:stream';
import { COMMAND_LINE_MS, LINE_OCTETS, SKIPPED_LINE_OCTETS } from './limits.ts';

const LF = 0x0a;
const CR = 0x0d;
/** The content type of a TLS handshake record, with which a ClientHello begins. No command does. */
const TLS_HANDSHAKE = 0x16;
const NOTHING = Buffer.alloc(0);
/** Of a line that is no command, so much is told: the name that stands there. */
const START_OCTETS = 10;

/** What came in the place of a command or of a response to a challenge. */
export type InputLine =
  /** Without its CRLF. */
  | { readonly type: 'line'; readonly octets: Buffer }
  /** With how it begins. */
  | { readonly type: 'bare-line-feed' | 'too-long'; readonly start: Buffer }
  /** So long that its end was not waited for. */
  | { readonly type: 'endless' }
  /** It began, and its end did not come in time. */
  | { readonly type: 'too-slow' }
  | { readonly type: 'tls' }
  | { readonly type: 'end' };

/**
 * What a client sends, pulled by whoever wants the next line or the next octets of a message; while nobody does, nothing is
 * taken from the socket, which is piped into it. It holds one chunk at most, and LINE_OCTETS of a line that is not complete.
 */
export class Input extends Writable {
  #chunk: Buffer = NOTHING;
  #takeNext: (() => void) | null = null;
  /** Of the chunk for which `#takeNext` stands. */
  #takenOctets = 0;
  #wake: (() => void) | null = null;
  #isFirst = true;
  #hasEnded = false;
  /** The beginning of a line whose end has not come. */
  #line: Buffer = NOTHING;
  #lineOctets = 0;
  #lineSinceMs = 0;
  readonly #now: () => number;

  /** @param now milliseconds, of a clock that only goes forward */
  constructor(now: () => number) {
    super();
    this.#now = now;
    this.once('finish', () => this.stop());
  }

  /** Somebody waits for the client. */
  get isAwaited(): boolean {
    return this.#wake !== null;
  }

  /** Something is here that nobody has read: of the present chunk, or behind it. */
  get hasOctets(): boolean {
    return this.#chunk.length > 0 || this.writableLength > this.#takenOctets;
  }

  /** A whole line is here already. */
  get hasLine(): boolean {
    return this.#chunk.includes(LF);
  }

  /** The octets that came next, at least one; null if there will be none. Those not used go back with `unread`. */
  async read(): Promise<Buffer | null> {
    while (this.#chunk.length === 0) {
      if (this.#hasEnded) return null;
      this.#letNextCome();
      if (this.#chunk.length === 0 && !this.#hasEnded) await this.#arrival();
    }
    const chunk = this.#chunk;
    this.#chunk = NOTHING;
    return chunk;
  }

  unread(octets: Buffer): void {
    if (!this.#hasEnded) this.#chunk = octets;
  }

  /** The next line, up to CRLF (RFC 5321 §2.3.8). Whether it takes too long is seen when more of it comes. */
  async readLine(): Promise<InputLine> {
    for (;;) {
      const chunk = await this.read();
      if (chunk === null) return { type: 'end' };
      if (this.#isFirst && chunk[0] === TLS_HANDSHAKE) return { type: 'tls' };
      this.#isFirst = false;

      const lineFeed = chunk.indexOf(LF);
      if (lineFeed === -1) {
        this.#keep(chunk);
        if (this.#lineOctets > SKIPPED_LINE_OCTETS) return { type: 'endless' };
        if (this.#now() - this.#lineSinceMs > COMMAND_LINE_MS) return { type: 'too-slow' };
      } else {
        this.unread(chunk.subarray(lineFeed + 1));
        return this.#complete(chunk.subarray(0, lineFeed));
      }
    }
  }

  /** Nothing more is wanted, or will come: whoever waits learns of the end. */
  stop(): void {
    this.#hasEnded = true;
    this.#chunk = NOTHING;
    this.#line = NOTHING;
    this.#letNextCome();
    this.#wakeUp();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | 'buffer', next: () => void): void {
    if (this.#hasEnded) {
      next();
      return;
    }
    this.#chunk = chunk;
    this.#takeNext = next;
    this.#takenOctets = chunk.length;
    this.#wakeUp();
  }

  #letNextCome(): void {
    const takeNext = this.#takeNext;
    this.#takeNext = null;
    this.#takenOctets = 0;
    takeNext?.();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Copied, because a chunk may be much larger; and into one buffer, because a client may send an octet a packet. */
  #keep(part: Buffer): void {
    if (this.#line.length === 0) {
      this.#line = Buffer.allocUnsafeSlow(LINE_OCTETS + 1);
      this.#lineSinceMs = this.#now();
    }
    part.copy(this.#line, Math.min(this.#lineOctets, this.#line.length));
    this.#lineOctets += part.length;
  }

  /** @param last what the line ends in, up to its LF */
  #complete(last: Buffer): InputLine {
    const octets = this.#lineOctets === 0 ? last : this.#joinedWith(last);
    const start = (this.#lineOctets === 0 ? last : this.#line).subarray(0, START_OCTETS);
    this.#line = NOTHING;
    this.#lineOctets = 0;
    if (octets === null || octets.length > LINE_OCTETS + 1) return { type: 'too-long', start };
    if (octets[octets.length - 1] !== CR) return { type: 'bare-line-feed', start };
    return { type: 'line', octets: octets.subarray(0, -1) };
  }

  #joinedWith(last: Buffer): Buffer | null {
    if (this.#lineOctets + last.length > LINE_OCTETS + 1) return null;
    return Buffer.concat([this.#line.subarray(0, this.#lineOctets), last]);
  }
}
