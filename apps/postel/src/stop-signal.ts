/** The signals that ask a server to stop. SIGHUP: the terminal was closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Why something that was under way does not come to its end: a signal to stop came. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * Aborts, with `Stopped`, at the first signal to stop. Further ones change nothing: one Ctrl-C may arrive twice, from the terminal and
 * through a launcher. While it is not disposed of, it keeps the process running.
 */
export class StopSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals) => this.#controller.abort(new Stopped(signal));
  // A listener for a signal does not hold the event loop.
  readonly #hold = setInterval(() => {}, 2 ** 30);

  constructor() {
    for (const signal of STOP_SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops as a signal does, but for an error, which is then what everything ends with. */
  abort(error: Error): void {
    this.#controller.abort(error);
  }

  /**
   * What a promise gives, unless the signal comes first.
   * @throws {Stopped}
   */
  async orStopped<Result>(promise: Promise<Result>): Promise<Result> {
    const { signal } = this;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    promise.catch(() => {}); // if it fails later, nobody asks any more
    signal.addEventListener('abort', stop);
    try {
      signal.throwIfAborted();
      return await Promise.race([promise, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#hold);
    for (const signal of STOP_SIGNALS) process.off(signal, this.#onSignal);
  }
}
