/** Counts SIGHUP: several that come while one is seen to are one more. */
export class Hangups implements Disposable {
  #isPending = false;
  #wake: (() => void) | null = null;
  readonly #onSignal = () => {
    this.#isPending = true;
    this.#wake?.();
  };

  constructor() {
    process.on('SIGHUP', this.#onSignal);
  }

  /** Resolves at the next one, or at once if one came since the last. */
  async next(): Promise<void> {
    if (!this.#isPending) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isPending = false;
    this.#wake = null;
  }

  [Symbol.dispose](): void {
    process.off('SIGHUP', this.#onSignal);
  }
}
