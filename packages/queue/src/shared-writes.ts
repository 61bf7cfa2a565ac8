/** What is done together, of works that wait. */
const MOST = 100;

interface Waiting<Work> {
  readonly work: Work;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Group commit: works that come while a transaction is on its way share the next one. Each keeps its own failure: where a shared
 * transaction is refused, its halves are written, and theirs, until those are left that are refused by themselves. Where the database is
 * away all of them fail at once.
 */
export class SharedWrites<Work> {
  readonly #write: (works: readonly Work[]) => Promise<void>;
  readonly #waiting: Waiting<Work>[] = [];
  readonly #isOfAll: (error: unknown) => boolean;
  #isWriting = false;

  /**
   * @param write does works in one transaction, or none of them
   * @param isOfAll whether an error says nothing of any of them: others would have it too
   */
  constructor(write: (works: readonly Work[]) => Promise<void>, isOfAll: (error: unknown) => boolean) {
    this.#write = write;
    this.#isOfAll = isOfAll;
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
      if (some.length === 1 || this.#isOfAll(error)) {
        for (const { reject } of some) reject(error);
        return;
      }
      const half = Math.ceil(some.length / 2);
      await this.#writeSome(some.slice(0, half));
      await this.#writeSome(some.slice(half));
    }
  }
}
