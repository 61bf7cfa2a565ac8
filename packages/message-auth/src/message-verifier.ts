import type { DnsAnswer, RecordData, RecordType, Resolver } from '@postel/dns';
import { HeaderSection, isSigned } from './header-section.ts';
import { askForLibrary, type LibraryAnswer } from './library-resolver.ts';
import { likelyQuestions } from './likely-questions.ts';
import { GATHERED_OCTETS, HELD_OCTETS, WINDOW_OCTETS, WORKERS } from './limits.ts';
import { type Envelope, type MessageResults, unknownResults } from './results.ts';
import { VerifierThread } from './verifier-thread.ts';

export interface MessageVerifierOptions {
  readonly resolver: Resolver;
  /** Ours: policies may ask for it. */
  readonly hostname: string;
  /** A worker has failed, or hung itself up. */
  readonly onError: (error: unknown) => void;
  readonly workers?: number;
}

/** Authenticates messages in worker threads, which begin when there is something for them to do. */
export class MessageVerifier {
  readonly #options: MessageVerifierOptions;
  readonly #threads: VerifierThread[] = [];
  readonly #held = { octets: 0 };

  constructor(options: MessageVerifierOptions) {
    this.#options = options;
  }

  /** @param dnsMs how long questions to the DNS may take once the whole message is here */
  begin(envelope: Envelope, dnsMs: number): MessageCheck {
    const { resolver } = this.#options;
    return new MessageCheck({ envelope, resolver, dnsMs, held: this.#held, thread: () => this.#thread() });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  /** The one with the least to do; another, as long as there may be more and all have something to do. */
  #thread(): VerifierThread {
    const { workers = WORKERS, hostname, onError } = this.#options;
    const [idlest] = this.#threads.toSorted((a, b) => a.jobs - b.jobs);
    if (idlest !== undefined && (idlest.jobs === 0 || this.#threads.length >= workers)) return idlest;
    const thread = new VerifierThread({ hostname, onError });
    this.#threads.push(thread);
    return thread;
  }
}

/** What was found out about a message. */
export interface MessageFindings extends MessageResults {
  /** Nothing was, for want of room or by a fault here: not for anything that the DNS or the message says. */
  readonly isUnchecked: boolean;
}

interface MessageCheckOptions {
  readonly envelope: Envelope;
  readonly resolver: Resolver;
  readonly dnsMs: number;
  /** Of all messages. */
  readonly held: { octets: number };
  readonly thread: () => VerifierThread;
}

/** Follows one message from its first octet to what is found out about it. */
export class MessageCheck {
  readonly #options: MessageCheckOptions;
  readonly #header = new HeaderSection();
  readonly #resolver: DeadlineResolver;
  readonly #results = Promise.withResolvers<MessageFindings>();
  /** The body, as long as no thread has the message. */
  readonly #body = new GatheredOctets();
  /** What the DNS has said by now of what it will be asked for, most likely. */
  readonly #texts = new Map<string, LibraryAnswer>();
  #needsBody = false;
  #job: { readonly thread: VerifierThread; readonly message: number } | null = null;
  /** Why nothing can be found out. */
  #failure: string | null = null;
  #heldOctets = 0;

  /** Is made by MessageVerifier. */
  constructor(options: MessageCheckOptions) {
    this.#options = options;
    this.#resolver = new DeadlineResolver(options.resolver);
  }

  /** The header section, which is then not looked at: it may say anything. */
  get isHeaderTooLong(): boolean {
    return this.#header.isTooLong;
  }

  /** Takes octets in. Resolves when more may come. */
  async push(octets: Buffer): Promise<void> {
    if (this.#failure !== null) return;
    if (!this.#header.isAtEnd) {
      const before = this.#header.octets;
      const rest = this.#header.push(octets);
      this.#hold(this.#header.octets - before);
      if (this.#header.isTooLong) this.#fail('the header section is too long');
      else if (this.#options.held.octets > HELD_OCTETS) this.#fail('too many messages at the same time');
      else if (this.#header.isAtEnd) {
        this.#lookAtHeader();
        await this.#pushBody(rest);
      }
      return;
    }
    await this.#pushBody(octets);
  }

  /** Never fails: what cannot be found out is a temporary error. */
  async finish(): Promise<MessageFindings> {
    const { envelope, dnsMs } = this.#options;
    if (this.#failure !== null) return unchecked(envelope, this.#failure);
    if (!this.#header.isAtEnd) this.#lookAtHeader();
    this.#resolver.begin(dnsMs);
    if (this.#job === null) this.#begin(true);
    else this.#job.thread.end(this.#job.message);
    try {
      return await this.#results.promise;
    } finally {
      this.#release();
    }
  }

  /** The message does not come to its end, or nobody wants to know. */
  abort(): void {
    this.#job?.thread.abort(this.#job.message);
    this.#release();
  }

  /** Asks the DNS while the body comes. */
  #lookAtHeader(): void {
    const header = this.#header.toBuffer();
    this.#needsBody = isSigned(header);
    for (const name of likelyQuestions(this.#options.envelope, header)) {
      askForLibrary(this.#resolver, name, 'TXT').then(
        (answer) => this.#texts.set(name, answer),
        () => {}, // the thread asks again, and hears of it
      );
    }
  }

  #begin(isWhole: boolean): void {
    const thread = this.#options.thread();
    const { envelope } = this.#options;
    const header = this.#header.toBuffer();
    const body = this.#body.take();
    const octets = new Uint8Array(header.length + body.length);
    octets.set(header);
    octets.set(body, header.length);
    const onEnd = (results: MessageResults | null) =>
      this.#results.resolve(
        results === null ? unchecked(envelope, 'the check failed') : { ...results, isUnchecked: false },
      );
    const begun = { envelope, octets, headerOctets: header.length, isWhole, texts: this.#texts };
    this.#job = { thread, message: thread.begin(begun, { resolver: this.#resolver, onEnd }) };
  }

  async #pushBody(octets: Buffer): Promise<void> {
    if (octets.length === 0 || !this.#needsBody) return;
    if (this.#job === null && this.#mayGather(octets.length)) {
      this.#hold(octets.length);
      this.#body.push(octets);
      return;
    }
    if (this.#job === null) this.#begin(false);
    await this.#job?.thread.push(this.#job.message, octets, WINDOW_OCTETS);
  }

  #mayGather(octets: number): boolean {
    return this.#body.length + octets <= GATHERED_OCTETS && this.#options.held.octets + octets <= HELD_OCTETS / 2;
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#release();
  }

  #hold(octets: number): void {
    this.#heldOctets += octets;
    this.#options.held.octets += octets;
  }

  #release(): void {
    this.#resolver.close();
    this.#hold(-this.#heldOctets);
  }
}

function unchecked(envelope: Envelope, reason: string): MessageFindings {
  return { ...unknownResults(envelope, reason), isUnchecked: true };
}

const FIRST_OCTETS = 4 * 1024;

/** Octets that come in pieces, of one octet perhaps: they are put into one buffer. */
class GatheredOctets {
  length = 0;
  #buffer = Buffer.alloc(0);

  push(piece: Buffer): void {
    const needed = this.length + piece.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.length, FIRST_OCTETS));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.length);
    this.length = needed;
  }

  take(): Buffer {
    const octets = this.#buffer.subarray(0, this.length);
    this.#buffer = Buffer.alloc(0);
    this.length = 0;
    return octets;
  }
}

const TOO_LATE = { kind: 'temporary', reason: 'the DNS took too long' } as const;

/** Gives up waiting some time after the message has come. */
class DeadlineResolver implements Resolver {
  readonly #resolver: Resolver;
  readonly #late = Promise.withResolvers<typeof TOO_LATE>();
  #timer: NodeJS.Timeout | undefined;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  begin(ms: number): void {
    this.#timer ??= setTimeout(() => this.#late.resolve(TOO_LATE), ms);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>> {
    return Promise.race([this.#resolver.lookUp(name, type), this.#late.promise]);
  }
}
