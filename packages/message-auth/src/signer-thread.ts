import { Worker } from 'node:worker_threads';
import type { DkimKey } from './dkim-signing.ts';
import { BLOCK_OCTETS, BLOCKS, WORKER_HEAP_MB } from './limits.ts';
import type { FromSigner, ToSigner } from './signer-messages.ts';

/** A message that a thread has in hand. */
interface Job {
  /** Octets that the thread has not taken in yet. */
  waitingOctets: number;
  /** Is resolved, and another, whenever it has taken some in. */
  taken: PromiseWithResolvers<void>;
  readonly signed: PromiseWithResolvers<string | null>;
}

const SCRIPT = new URL('./signer-worker.ts', import.meta.url);

/** A worker thread that signs; it is started when it is needed, and again if it fails. */
export class SignerThread {
  readonly #script: URL;
  readonly #jobs = new Map<number, Job>();
  /** Of BLOCK_OCTETS each, with nothing in them. */
  readonly #blocks: ArrayBuffer[] = [];
  #worker: Worker | null = null;
  #lastNumber = 0;

  /** @param script where its code is */
  constructor(script = SCRIPT) {
    this.#script = script;
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  begin(): number {
    const message = ++this.#lastNumber;
    const signed = Promise.withResolvers<string | null>();
    signed.promise.catch(() => {}); // is waited for at the end
    this.#jobs.set(message, { waitingOctets: 0, taken: Promise.withResolvers(), signed });
    return message;
  }

  /** Resolves when no more than `most` octets of the message wait. */
  async push(message: number, octets: Buffer, most: number): Promise<void> {
    for (let at = 0; at < octets.length; at += BLOCK_OCTETS) {
      const job = this.#jobs.get(message);
      if (job === undefined) return; // it has failed, which `end` tells
      this.#pushPiece(message, job, octets.subarray(at, at + BLOCK_OCTETS));
      while (job.waitingOctets > most && this.#jobs.get(message) === job) await job.taken.promise;
    }
  }

  /** In memory that goes there and back, or a large message leaves all of itself behind as garbage. */
  #pushPiece(message: number, job: Job, piece: Buffer): void {
    const isBlock = piece.length > BLOCK_OCTETS / 4;
    const memory = isBlock ? (this.#blocks.pop() ?? new ArrayBuffer(BLOCK_OCTETS)) : new ArrayBuffer(piece.length);
    const octets = new Uint8Array(memory, 0, piece.length);
    octets.set(piece);
    job.waitingOctets += piece.length;
    this.#tell({ type: 'octets', message, octets, isBlock }, [memory]);
  }

  /** @returns the fields; null if the header section is too long to be signed @throws if the thread has failed */
  async end(message: number, keys: readonly DkimKey[], at: Date): Promise<string | null> {
    const job = this.#jobs.get(message);
    if (job === undefined) throw new Error('the signing thread has failed');
    this.#tell({ type: 'end', message, keys, at });
    return await job.signed.promise;
  }

  abort(message: number): void {
    if (this.#jobs.delete(message)) this.#tell({ type: 'abort', message });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failAll(new Error('it was closed'));
  }

  #tell(message: ToSigner, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, [...transfer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#script, { resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB } });
    worker.unref();
    worker.on('message', (message: FromSigner) => {
      if (worker === this.#worker) this.#hear(message);
    });
    worker.on('error', (error) => this.#failed(worker, error));
    worker.on('exit', () => this.#failed(worker, new Error('the signing thread ended')));
    return worker;
  }

  #hear(told: FromSigner): void {
    if (told.type === 'taken' && told.block !== null && this.#blocks.length < BLOCKS) this.#blocks.push(told.block);
    const job = this.#jobs.get(told.message);
    if (job === undefined) return;
    switch (told.type) {
      case 'taken':
        job.waitingOctets -= told.octets;
        job.taken.resolve();
        job.taken = Promise.withResolvers();
        return;
      case 'signed':
        this.#jobs.delete(told.message);
        job.signed.resolve(told.fields);
        return;
      case 'failed':
        this.#jobs.delete(told.message);
        job.signed.reject(told.error);
        return;
      default:
        told satisfies never;
    }
  }

  #failed(worker: Worker, error: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    this.#failAll(error);
  }

  #failAll(error: unknown): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) {
      job.signed.reject(error);
      job.taken.resolve();
    }
  }
}
