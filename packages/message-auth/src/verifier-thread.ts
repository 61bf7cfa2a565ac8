import { Worker } from 'node:worker_threads';
import type { Resolver } from '@postel/dns';
import { askForLibrary, type LibraryAnswer } from './library-resolver.ts';
import { HANG_MS, WORKER_HEAP_MB } from './limits.ts';
import type { MessageResults } from './results.ts';
import type { BegunMessage, FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

export interface VerifierThreadOptions {
  readonly hostname: string;
  readonly onError: (error: unknown) => void;
  /** How long it may hear nothing. */
  readonly hangMs?: number;
  /** Where its code is. */
  readonly script?: URL;
}

/** A message that a thread has in hand. */
interface Job {
  readonly resolver: Resolver;
  /** Octets that the thread has not taken in yet. */
  waitingOctets: number;
  /** Is resolved, and another, whenever it has taken some in. */
  taken: PromiseWithResolvers<void>;
  readonly onEnd: (results: MessageResults | null) => void;
}

const SCRIPT = new URL('./worker.ts', import.meta.url);

/** To what is asked for a message that nobody waits for any more. */
const ABORTED: LibraryAnswer = { type: 'error', code: 'ESERVFAIL', message: 'aborted' };

/** A worker thread, and what it was given; it is started when it is needed, and again if it fails. */
export class VerifierThread {
  readonly #options: VerifierThreadOptions;
  readonly #jobs = new Map<number, Job>();
  #worker: Worker | null = null;
  #lastNumber = 0;
  #watchTimer: NodeJS.Timeout | undefined;
  /** Since it was last looked at. */
  #isHeard = false;
  /** It was silent then, and has been sent a ping. */
  #isAsked = false;

  constructor(options: VerifierThreadOptions) {
    this.#options = options;
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** @param begun its octets are the thread's from here on. @param onEnd is told null if the thread has failed */
  begin(begun: BegunMessage, { resolver, onEnd }: Pick<Job, 'resolver' | 'onEnd'>): number {
    const message = ++this.#lastNumber;
    const waitingOctets = begun.octets.length - begun.headerOctets;
    this.#jobs.set(message, { resolver, waitingOctets, taken: Promise.withResolvers(), onEnd });
    this.#tell({ type: 'begin', message, ...begun }, [begun.octets.buffer]);
    return message;
  }

  /** Resolves when no more than `most` octets of the message wait. */
  async push(message: number, octets: Buffer, most: number): Promise<void> {
    const job = this.#jobs.get(message);
    if (job === undefined) return; // the thread has failed
    const copy = new Uint8Array(octets);
    job.waitingOctets += copy.length;
    this.#tell({ type: 'octets', message, octets: copy }, [copy.buffer]);
    while (job.waitingOctets > most && this.#jobs.get(message) === job) {
      await job.taken.promise;
    }
  }

  end(message: number): void {
    if (this.#jobs.has(message)) this.#tell({ type: 'end', message });
  }

  abort(message: number): void {
    const job = this.#jobs.get(message);
    if (job === undefined) return;
    this.#jobs.delete(message);
    job.taken.resolve();
    this.#tell({ type: 'abort', message });
  }

  async close(): Promise<void> {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = undefined;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failAll();
  }

  #tell(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, [...transfer]);
    if (this.#watchTimer === undefined) this.#watch();
  }

  #start(): Worker {
    const workerData: WorkerSettings = { hostname: this.#options.hostname };
    const resourceLimits = { maxOldGenerationSizeMb: WORKER_HEAP_MB };
    const worker = new Worker(this.#options.script ?? SCRIPT, { workerData, resourceLimits });
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#hear(worker, message));
    worker.on('error', (error) => this.#failed(worker, error));
    worker.on('exit', () => this.#failed(worker, new Error('the worker ended')));
    return worker;
  }

  #hear(worker: Worker, told: FromWorker): void {
    if (worker !== this.#worker) return;
    this.#isHeard = true;
    if (told.type === 'pong') return;
    const job = this.#jobs.get(told.message);
    if (job === undefined) {
      // It waits all the same, and holds the message as long.
      if (told.type === 'question') this.#tell({ type: 'answer', question: told.question, answer: ABORTED });
      return;
    }
    switch (told.type) {
      case 'taken':
        job.waitingOctets -= told.octets;
        job.taken.resolve();
        job.taken = Promise.withResolvers();
        return;
      case 'question':
        void this.#answer(worker, job.resolver, told);
        return;
      case 'results':
        this.#jobs.delete(told.message);
        job.onEnd(told.results);
        return;
      case 'failed':
        this.#jobs.delete(told.message);
        this.#options.onError(told.error);
        job.onEnd(null);
        return;
      default:
        told satisfies never;
    }
  }

  async #answer(worker: Worker, resolver: Resolver, asked: Extract<FromWorker, { type: 'question' }>): Promise<void> {
    const { question, name, recordType } = asked;
    const answer = await askForLibrary(resolver, name, recordType);
    if (worker === this.#worker) this.#tell({ type: 'answer', question, answer });
  }

  #watch(): void {
    this.#isHeard = false;
    this.#watchTimer = setTimeout(this.#look, this.#options.hangMs ?? HANG_MS);
  }

  readonly #look = (): void => {
    const worker = this.#worker;
    const isSilent = !this.#isHeard;
    this.#watchTimer = undefined;
    if (worker === null || this.#jobs.size === 0) return;
    if (isSilent && this.#isAsked) {
      // Whatever the message is that it hangs in: none of them gets on.
      this.#failed(worker, new Error('a worker was silent for too long'));
      void worker.terminate();
      return;
    }
    this.#isAsked = isSilent;
    this.#watch();
    if (isSilent) this.#tell({ type: 'ping' });
  };

  #failed(worker: Worker, error: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    clearTimeout(this.#watchTimer);
    this.#watchTimer = undefined;
    this.#isAsked = false;
    this.#options.onError(error);
    this.#failAll();
  }

  #failAll(): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) {
      job.taken.resolve();
      job.onEnd(null);
    }
  }
}
