/** How far back DEFLATE may refer: RFC 1951 §2. */
export const WINDOW_OCTETS = 32 * 1024;

const FIRST_OCTETS = 512;

/** The last 32 kB that were inflated, in a ring that grows as it fills: most clients never say so much. */
export class InflateWindow {
  #ring = Buffer.alloc(0);
  #length = 0;
  /** Where the next octet goes; 0 as long as the ring is to grow before it does. */
  #next = 0;

  append(octets: Buffer): void {
    const last = octets.subarray(-WINDOW_OCTETS);
    this.#makeRoom(this.#length + last.length);
    const ring = this.#ring;
    const behind = Math.min(last.length, ring.length - this.#next);
    last.copy(ring, this.#next, 0, behind);
    last.copy(ring, 0, behind);
    this.#next = (this.#next + last.length) % ring.length;
    this.#length = Math.min(this.#length + last.length, ring.length);
  }

  /** Copies all to the beginning of `target`, the oldest first. @returns how much it is */
  copyTo(target: Buffer): number {
    if (this.#length < this.#ring.length) return this.#ring.copy(target, 0, 0, this.#length);
    const older = this.#ring.copy(target, 0, this.#next);
    return older + this.#ring.copy(target, older, 0, this.#next);
  }

  #makeRoom(octets: number): void {
    let size = Math.max(this.#ring.length, FIRST_OCTETS);
    while (size < octets && size < WINDOW_OCTETS) size *= 2;
    if (size === this.#ring.length) return;
    const larger = Buffer.allocUnsafeSlow(size);
    this.#length = this.copyTo(larger);
    this.#next = this.#length; // less than the size
    this.#ring = larger;
  }
}
