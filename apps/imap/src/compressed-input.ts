import { type CommandReader, InflateError, Inflater } from '@postel/imap-wire';
import { PIECES_A_TURN } from './limits.ts';

export interface CompressedInputOptions {
  /** Told to let octets come (`true`), or to hold them back. */
  flow(flows: boolean): void;
  /** The octets are no DEFLATE data, or go on where they should have ended. Nothing is read any more. */
  damaged(error: InflateError): void;
  /** What followed was not compressed any more, and the reader has it. */
  left(): void;
}

/**
 * Between the socket and the reader: octets that came are inflated only as the reader takes them, in pieces, with turns for
 * others in between. So however much they inflate to, little of it is held.
 */
export class CompressedInput {
  readonly #inflater = new Inflater();
  readonly #reader: CommandReader;
  readonly #options: CompressedInputOptions;
  #isPaused = false;
  #isLeaving = false;
  #isOver = false;
  #next: NodeJS.Immediate | null = null;

  constructor(reader: CommandReader, options: CompressedInputOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  push(chunk: Buffer): void {
    this.#inflater.push(chunk);
    if (this.#next === null) this.#feed();
  }

  /** No more octets will come; the reader is told when it has got those that came. */
  end(): void {
    this.#isOver = true;
    if (this.#next === null) this.#feed();
  }

  /** The reader has enough, or takes more. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#options.flow(false);
    // Not at once: the reader is in the middle of something, and others want their turn.
    else this.#next ??= setImmediate(() => this.#feed());
  }

  /** From the end of what is compressed now on, octets are passed on as they come (RFC 8437 §4.1). */
  leave(): void {
    this.#isLeaving = true;
    if (this.#inflater.isAtSyncPoint) this.#pass();
    else this.#next ??= setImmediate(() => this.#feed());
  }

  #feed(): void {
    this.#next = null;
    if (this.#reader.isOver) this.#inflater.takeRest();
    try {
      for (let pieces = 0; !this.#isPaused; pieces++) {
        // Not all come to something that the reader would have enough of.
        if (pieces === PIECES_A_TURN) {
          this.#options.flow(false);
          this.#next = setImmediate(() => this.#feed());
          return;
        }
        const piece = this.#inflater.pull();
        if (piece === null) {
          if (this.#isOver) this.#reader.end();
          this.#options.flow(true);
          return;
        }
        if (this.#isLeaving && piece.length > 0) throw new InflateError('Octets behind the last command');
        if (piece.length > 0) this.#reader.push(piece);
        if (!this.#inflater.isAtSyncPoint) continue;
        if (this.#isLeaving) {
          this.#pass();
          return;
        }
        // The command in hand may be the last that is compressed.
        if (this.#inflater.hasInput) this.#reader.pauseUntilWanted();
      }
    } catch (error) {
      if (!(error instanceof InflateError)) throw error;
      this.#options.damaged(error);
    }
  }

  #pass(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    const rest = this.#inflater.takeRest();
    this.#options.left();
    this.#options.flow(!this.#isPaused); // from here on the reader itself says so
    if (rest.length > 0) this.#reader.push(rest);
    if (this.#isOver) this.#reader.end();
  }
}
