const FIRST_CAPACITY = 256;
const GROWTH = 1.25;

type Numbers = Uint8Array | Uint32Array | Float64Array;

/** Numbers, packed, of which there come more. */
export class GrowingArray<Kind extends Numbers> {
  #array: Kind;
  readonly #make: (length: number) => Kind;
  length = 0;

  /** @param make makes an array of zeros: `(length) => new Uint32Array(length)` */
  constructor(make: (length: number) => Kind) {
    this.#make = make;
    this.#array = make(0);
  }

  push(number: number): void {
    if (this.length === this.#array.length) {
      const larger = this.#make(Math.max(FIRST_CAPACITY, Math.ceil(this.length * GROWTH)));
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.length++] = number;
  }

  at(index: number): number {
    return this.#array[index] ?? 0;
  }

  /** A view, which the next `push` may make stale. */
  view(): Kind {
    return this.#array.subarray(0, this.length) as Kind;
  }

  get octets(): number {
    return this.#array.byteLength;
  }
}
