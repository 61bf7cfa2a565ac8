/** Lets workers pass, or holds all of them, between two of their steps. */
export class Gate {
  readonly #workers: number;
  #isEnding = false;
  #held = 0;
  #allHeld: (() => void) | null = null;
  #opening: PromiseWithResolvers<void> | null = null;

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** To be called by each worker before each step. @returns false if it is to end */
  async pass(): Promise<boolean> {
    if (this.#opening !== null) {
      if (++this.#held === this.#workers) this.#allHeld?.();
      await this.#opening.promise;
      this.#held--;
    }
    return !this.#isEnding;
  }

  /** Resolves when every worker is held. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allHeld = resolve;
    this.#opening = Promise.withResolvers();
    await promise;
  }

  open(): void {
    this.#opening?.resolve();
    this.#opening = null;
  }

  /** Lets all go, to end. */
  end(): void {
    this.#isEnding = true;
    this.open();
  }
}
