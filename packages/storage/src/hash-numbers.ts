import { randomInt } from 'node:crypto';
import { GrowingArray } from './growing-array.ts';

const FIRST_SLOTS = 1_024;

/** Gives small numbers, from 1 on, to hashes of eight octets: the same to the same. */
export class HashNumbers {
  readonly #high = new GrowingArray((length) => new Uint32Array(length));
  readonly #low = new GrowingArray((length) => new Uint32Array(length));
  /** Numbers, by where their hash points; 0 is free. Never more than half are taken. */
  #slots = new Uint32Array(FIRST_SLOTS);
  /** Whoever writes Message-IDs can choose their hashes, and shall not know where they meet. */
  readonly #secret = randomInt(2 ** 31) * 2 + 1;

  /** How many there are. */
  get count(): number {
    return this.#high.length;
  }

  get octets(): number {
    return this.#high.octets + this.#low.octets + this.#slots.byteLength;
  }

  number(octets: Buffer, at: number): number {
    const high = octets.readUInt32BE(at);
    const low = octets.readUInt32BE(at + 4);
    const slot = this.#find(high, low);
    const known = this.#slots[slot] ?? 0;
    if (known !== 0) return known;
    this.#high.push(high);
    this.#low.push(low);
    this.#slots[slot] = this.count;
    const number = this.count;
    if (number * 2 > this.#slots.length) this.#grow();
    return number;
  }

  #find(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    let mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), this.#secret);
    mixed ^= mixed >>> 15;
    let slot = (Math.imul(mixed, this.#secret) ^ low) & mask;
    for (;;) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0 || (this.#high.at(number - 1) === high && this.#low.at(number - 1) === low)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 1; number <= this.count; number++) {
      this.#slots[this.#find(this.#high.at(number - 1), this.#low.at(number - 1))] = number;
    }
  }
}
