/** What is done together, of works that wait. */
const MOST = 100;

interface Waiting<Work> {
  readonly work: Work;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Group commit: works that come while a transaction is on its way share the next one. Each keeps its own failure: where a shared
 * transaction fails, each of them is done by itself.
 */
export class SharedWrites<Work> {
  readonly #write: (works: readonly Work[]) => Promise<void>;
  readonly #waiting: Waiting<Work>[] = [];
  #isWriting = false;

  /** @param write does works in one transaction, or none of them */
  constructor(write: (works: readonly Work[]) => Promise<void>) {
    this.#write = write;
  }

  /** @throws what `write` throws of this one */
  add(work: Work): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ work, resolve, reject });
    if (!this.#isWriting) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) await this.#writeSome(this.#waiting.splice(0, MOST));
    this.#isWriting = false;
  }

  async #writeSome(some: readonly Waiting<Work>[]): Promise<void> {
    try {
      await this.#write(some.map(({ work }) => work));
      for (const { resolve } of some) resolve();
    } catch (error) {
      if (some.length === 1) for (const { reject } of some) reject(error);
      else for (const one of some) await this.#writeSome([one]);
    }
  }
}
