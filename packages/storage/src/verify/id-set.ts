const PAGE_BITS = 65_536;

/** A set of object ids, a bit each: ids of an account are mostly without gaps, so a million take some 130 kB. */
export class IdSet {
  readonly #pages = new Map<number, Uint8Array>();

  add(id: number): void {
    const number = Math.floor(id / PAGE_BITS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BITS / 8);
      this.#pages.set(number, page);
    }
    const bit = id % PAGE_BITS;
    page[bit >> 3] = (page[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  has(id: number): boolean {
    const bit = id % PAGE_BITS;
    const octet = this.#pages.get(Math.floor(id / PAGE_BITS))?.[bit >> 3] ?? 0;
    return (octet & (1 << (bit & 7))) !== 0;
  }
}
