const ASK_MS = 1_000;

/** Lets so many in at once; the others wait in line, for a while. */
export class Turnstile {
  #free: number;
  readonly #waitMs: number;
  readonly #waiting: ((isIn: boolean) => void)[] = [];

  constructor(places: number, waitMs: number) {
    this.#free = places;
    this.#waitMs = waitMs;
  }

  /**
   * @param makeRoom asked each second of the wait; it may make somebody leave
   * @returns false if no place became free in time; otherwise `leave` is to be called
   */
  async enter(makeRoom: () => void): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
      resolve(false);
    }, this.#waitMs);
    this.#waiting.push(resolve);
    makeRoom();
    const asking = setInterval(makeRoom, ASK_MS);
    const isIn = await promise;
    clearTimeout(timer);
    clearInterval(asking);
    return isIn;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next(true);
  }
}
