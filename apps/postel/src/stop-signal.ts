/** The signals that ask to stop. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** One Ctrl-C may arrive twice, from the terminal and through a launcher: what comes so soon is no impatience. */
const SAME_SIGNAL_MS = 500;

/** Why something that was under way does not come to its end: a signal to stop came. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * Aborts, with `Stopped`, at the first signal to stop. While it is not disposed of, it keeps the process running.
 */
export class StopSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #signals: readonly NodeJS.Signals[];
  #stoppedAtMs: number | null = null;
  #onRepeated: (() => void) | null = null;
  readonly #onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    this.#stoppedAtMs ??= now;
    if (now - this.#stoppedAtMs > SAME_SIGNAL_MS) this.#onRepeated?.();
    else this.#controller.abort(new Stopped(signal));
  };
  // A listener for a signal does not hold the event loop.
  readonly #hold = setInterval(() => {}, 2 ** 30);

  /** @param atHangup whether SIGHUP is one more signal to stop: the terminal was closed */
  constructor({ atHangup = true } = {}) {
    this.#signals = atHangup ? [...STOP_SIGNALS, 'SIGHUP'] : STOP_SIGNALS;
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Somebody asks to stop who has asked before. */
  onRepeated(call: () => void): void {
    this.#onRepeated = call;
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
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }
}
