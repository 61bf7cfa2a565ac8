import { type CommandParts, type LiteralHeader, type LiteralPart, tagOf } from './command-parts.ts';
import type { CommandLimits } from './limits.ts';
import { findLiteralHeader } from './literal-header.ts';
import { OctetQueue } from './octet-queue.ts';

const CR = 0x0d;

/** How much of an over-long line is kept, for its tag. */
const BEGINNING_OCTETS = 128;

/** The longest line that `skipRest` passes by. */
const SKIPPED_LINE_OCTETS = 64 * 1024;

export interface ReaderOptions {
  /**
   * Told to stop (`true`) when more octets are waiting than `highWaterOctets`, and to go on (`false`) when half of them
   * are taken or somebody waits for more. The owner pauses and resumes the socket.
   */
  readonly onFlow?: (paused: boolean) => void;
  /** 64 kB if not given. */
  readonly highWaterOctets?: number;
}

export interface CommandPolicy {
  readonly limits: CommandLimits;
  /** Writes and flushes `+ OK`: the client waits to send a synchronizing literal that will be buffered. */
  readonly sendContinuation: () => void;
  /**
   * Says what to do with a literal before its octets are taken; `buffer` if not given.
   *
   * - `buffer`: it is an argument, held in memory within the limits.
   * - `message`: the caller streams it; see `message-literal` in `ReadResult`.
   * - `refuse`: it has no place in this command.
   */
  readonly onLiteral?: (partial: CommandParts, literal: LiteralHeader) => LiteralUse;
}

export type LiteralUse = 'buffer' | 'message' | 'refuse';

/** Why a command was not read to its end. All but `literal-refused` are limits. */
export type RefusalReason =
  | 'text-too-long'
  | 'literal-too-large'
  | 'literals-too-large'
  | 'too-many-literals'
  | 'literal-refused';

export type ReadResult =
  | { readonly type: 'command'; readonly parts: CommandParts }
  /**
   * The command up to a message literal whose octets are still to come. The caller takes them with `streamLiteral` or
   * `discardLiteral`, after sending the continuation if it is synchronizing, and then reads on with `readRest`. It may
   * instead refuse a synchronizing one, which ends the command, and leave any other with `skipRest`.
   */
  | { readonly type: 'message-literal'; readonly parts: CommandParts; readonly literal: LiteralHeader }
  /**
   * Out of step, the octets that follow cannot be told from commands: the reader reads nothing more, and the caller
   * answers and closes. In step, a tagged answer ends the command and the next one can be read.
   */
  | { readonly type: 'refused'; readonly tag: string | null; readonly reason: RefusalReason; readonly inStep: boolean }
  | { readonly type: 'end' };

export type LineResult =
  | { readonly type: 'line'; readonly text: Buffer; readonly literal: LiteralHeader | null }
  /** The reader reads nothing more: it is out of step. */
  | { readonly type: 'text-too-long'; readonly beginning: Buffer }
  | { readonly type: 'end' };

/** The octets ended within a literal. A truncated message must never look like a whole one. */
export class UnexpectedEnd extends Error {
  override readonly name = 'UnexpectedEnd';

  constructor() {
    super('The connection ended within a literal');
  }
}

const END = { type: 'end' } as const;

/**
 * Reads commands from octets that are pushed in as they come: RFC 9051 §2.2.1, §4.3, RFC 7888.
 *
 * One pull (`readCommand`, `readLine`, a literal ...) at a time. Nothing is allocated by an announced size: memory held
 * is what came, and that is bounded by the limits and the high-water mark.
 */
export class CommandReader {
  readonly #queue = new OctetQueue();
  readonly #onFlow: ((paused: boolean) => void) | null;
  readonly #highWaterOctets: number;
  #paused = false;
  /** Not to go on before somebody waits, however little is here. */
  #untilWanted = false;
  #ended = false;
  /** After `text-too-long` and the like: what comes is dropped, and every pull sees the end. */
  #outOfStep = false;
  /** Octets still to come of a literal that is being streamed or dropped. */
  #literalLeft = 0;
  /** Octets of the command that is being read, already taken from the queue. */
  #partialOctets = 0;
  /** Ends the wait of the pull in progress, if it waits. */
  #wake: (() => void) | null = null;

  constructor(options: ReaderOptions = {}) {
    this.#onFlow = options.onFlow ?? null;
    this.#highWaterOctets = options.highWaterOctets ?? 64 * 1024;
  }

  /** Octets held in memory: those not taken yet and those of a command read in part. */
  get bufferedOctets(): number {
    return this.#queue.length + this.#partialOctets;
  }

  /** What comes now is dropped. */
  get isOver(): boolean {
    return this.#ended || this.#outOfStep;
  }

  push(chunk: Buffer): void {
    if (this.isOver) return;
    this.#queue.push(chunk);
    if (this.#wake !== null) this.#endWait();
    else if (this.#queue.length >= this.#highWaterOctets) this.#setPaused(true);
  }

  /** Asks for no more octets before all that are here are read and somebody waits, unless somebody does already. */
  pauseUntilWanted(): void {
    if (this.#wake !== null) return;
    this.#untilWanted = true;
    this.#setPaused(true);
  }

  /** No more octets will come. Commands already here can still be read. */
  end(): void {
    this.#ended = true;
    this.#endWait();
  }

  /**
   * Drops all that came and was not read, and returns how much that was: what a client, or somebody in between, sent
   * behind STARTTLS in the clear must not be taken for what it says under TLS (RFC 9051 §6.2.1, CVE-2011-0411).
   */
  discardBuffered(): number {
    const octets = this.#queue.length;
    this.#queue.clear();
    this.#literalLeft = 0;
    this.#taken();
    return octets;
  }

  /** Reads the next command: to its end, or up to a message literal. */
  readCommand(policy: CommandPolicy): Promise<ReadResult> {
    if (this.#queue.length > 0 || this.isOver) return this.#readParts(policy);
    // Most connections wait here most of the time: with nothing of a command begun.
    return this.#more().then(() => this.#readParts(policy));
  }

  /**
   * Reads on in the same command after the octets of a message literal were taken. `parts` begin behind that literal
   * (with a space or a parenthesis, if more arguments follow), and limits count anew. For MULTIAPPEND (RFC 3502) and
   * CATENATE (RFC 4469) the result may be another message literal.
   */
  readRest(policy: CommandPolicy): Promise<ReadResult> {
    return this.#readParts(policy);
  }

  /**
   * Reads past the rest of a command that was or will be answered without it, so that the next can be read.
   *
   * @param literal the message literal whose octets were not taken; `null` if they were, wholly or in part. If it is
   *   synchronizing and no continuation was sent there is nothing to read past.
   * @param mostOctets how much the caller is ready to let pass by; nothing of it is held
   * @returns `out-of-step` if more would come: the caller closes
   */
  async skipRest(literal: LiteralHeader | null, mostOctets: number): Promise<'in-step' | 'out-of-step' | 'end'> {
    let octetsLeft = mostOctets - this.#literalLeft;
    for (let pending = literal; ; ) {
      if (pending !== null) {
        if (pending.sync) return 'in-step';
        octetsLeft -= pending.size;
        this.#literalLeft = pending.size;
      }
      if (octetsLeft < 0) {
        this.#leaveStep();
        return 'out-of-step';
      }
      const line = await this.readLine(SKIPPED_LINE_OCTETS);
      if (line.type === 'end') return 'end';
      if (line.type === 'text-too-long') return 'out-of-step';
      if (line.literal === null) return 'in-step';
      octetsLeft -= line.text.length;
      pending = line.literal;
    }
  }

  /**
   * Reads one line: what a client sends while IDLE or in an AUTHENTICATE exchange. CRLF ends it, and LF alone, since
   * nothing else can be meant by it.
   *
   * @param mostOctets without the line end
   */
  async readLine(mostOctets: number): Promise<LineResult> {
    for (;;) {
      const line = this.#tryLine(mostOctets);
      if (line !== null) return line;
      await this.#more();
    }
  }

  /**
   * Reads a literal into memory; `size` is for the caller to limit.
   *
   * @throws {UnexpectedEnd}
   */
  async readLiteral(size: number): Promise<Buffer> {
    for (;;) {
      const octets = this.#tryLiteral(size);
      if (octets === 'end') throw new UnexpectedEnd();
      if (octets !== null) return octets;
      await this.#more();
    }
  }

  /**
   * Gives the octets of a literal in the chunks they come in. If the consumer stops early, the next pull first drops
   * what is left, so that the stream stays in step.
   *
   * @throws {UnexpectedEnd} from the iteration
   */
  streamLiteral(size: number): AsyncGenerator<Buffer, void, void> {
    this.#literalLeft = size; // Here, not in the generator, which may never start.
    return this.#literalChunks();
  }

  /** Reads past a literal. @throws {UnexpectedEnd} */
  async discardLiteral(size: number): Promise<void> {
    this.#literalLeft = size;
    while (!this.#dropLiteral()) {
      if (this.isOver) throw new UnexpectedEnd();
      await this.#more();
    }
  }

  async *#literalChunks(): AsyncGenerator<Buffer, void, void> {
    while (this.#literalLeft > 0) {
      while (this.#queue.length === 0) {
        if (this.isOver) throw new UnexpectedEnd();
        await this.#more();
      }
      const chunk = this.#queue.take(this.#literalLeft);
      this.#literalLeft -= chunk.length;
      this.#taken();
      yield chunk;
    }
  }

  async #readParts(policy: CommandPolicy): Promise<ReadResult> {
    const { limits } = policy;
    const texts: Buffer[] = [];
    const literals: LiteralPart[] = [];
    const parts: CommandParts = { texts, literals };
    let textOctets = 0;
    let literalOctets = 0;
    try {
      for (;;) {
        let line = this.#tryLine(limits.textOctets - textOctets);
        while (line === null) {
          await this.#more();
          line = this.#tryLine(limits.textOctets - textOctets);
        }
        if (line.type === 'end') return END;
        if (line.type === 'text-too-long') {
          texts.push(line.beginning);
          return this.#refuse(parts, 'text-too-long', false);
        }
        texts.push(line.text);
        textOctets += line.text.length;
        const header = line.literal;
        if (header === null) return { type: 'command', parts };

        if (!header.sync && header.size > limits.nonSyncLiteralOctets) {
          return this.#refuse(parts, 'literal-too-large', false);
        }
        const use = policy.onLiteral === undefined ? 'buffer' : policy.onLiteral(parts, header);
        if (use === 'message') return { type: 'message-literal', parts, literal: header };
        const reason =
          use === 'refuse' ? 'literal-refused' : overLimit(limits, header.size, literals.length, literalOctets);
        if (reason !== null) return this.#refuse(parts, reason, header.sync);

        if (header.sync) policy.sendContinuation();
        this.#partialOctets = textOctets + literalOctets;
        let octets = this.#tryLiteral(header.size);
        while (octets === null) {
          await this.#more();
          octets = this.#tryLiteral(header.size);
        }
        if (octets === 'end') return END;
        literals.push({ octets, binary: header.binary });
        literalOctets += octets.length;
        this.#partialOctets = textOctets + literalOctets;
      }
    } finally {
      this.#partialOctets = 0;
    }
  }

  #refuse(parts: CommandParts, reason: RefusalReason, inStep: boolean): ReadResult {
    if (!inStep) this.#leaveStep();
    return { type: 'refused', tag: tagOf(parts), reason, inStep };
  }

  /** A line if it is here, `null` if more octets must come first. */
  #tryLine(mostOctets: number): LineResult | null {
    if (!this.#dropLiteral()) return this.isOver ? END : null;
    const lineFeed = this.#queue.findLineFeed();
    if (lineFeed === -1) {
      // The one octet more may be the CR.
      if (this.#queue.length > mostOctets + 1) return this.#tooLong(this.#queue.take(BEGINNING_OCTETS));
      return this.isOver ? END : null;
    }
    const whole = this.#queue.take(lineFeed + 1);
    this.#taken();
    const line = whole.subarray(0, lineFeed > 0 && whole[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed);
    if (line.length > mostOctets) return this.#tooLong(line);
    const found = findLiteralHeader(line);
    if (found === null) return { type: 'line', text: line, literal: null };
    return { type: 'line', text: line.subarray(0, found.start), literal: found.header };
  }

  /** A whole literal if it is here, `null` if more octets must come first. */
  #tryLiteral(size: number): Buffer | 'end' | null {
    if (!this.#dropLiteral() || this.#queue.length < size) return this.isOver ? 'end' : null;
    const octets = this.#queue.take(size);
    this.#taken();
    return octets;
  }

  /** Drops what is here of a literal nobody wants the rest of. Returns whether that was all of it. */
  #dropLiteral(): boolean {
    if (this.#literalLeft === 0) return true;
    this.#literalLeft -= this.#queue.take(this.#literalLeft).length;
    this.#taken();
    return this.#literalLeft === 0;
  }

  #tooLong(line: Buffer): LineResult {
    this.#leaveStep();
    return { type: 'text-too-long', beginning: Buffer.from(line.subarray(0, BEGINNING_OCTETS)) };
  }

  #leaveStep(): void {
    this.#outOfStep = true;
    this.discardBuffered();
  }

  /** Waits until octets came or the end did. */
  #more(): Promise<void> {
    if (this.#wake !== null) throw new Error('Two pulls at once from one CommandReader');
    this.#queue.releaseLongChunk();
    this.#untilWanted = false;
    this.#setPaused(false);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #endWait(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #taken(): void {
    if (!this.#untilWanted && this.#queue.length <= this.#highWaterOctets / 2) this.#setPaused(false);
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#onFlow?.(paused);
  }
}

function overLimit(limits: CommandLimits, size: number, count: number, octets: number): RefusalReason | null {
  if (size > limits.literalOctets) return 'literal-too-large';
  if (octets + size > limits.literalTotalOctets) return 'literals-too-large';
  return count >= limits.literals ? 'too-many-literals' : null;
}
