const LF = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 * Octets that came and were not taken yet, kept in one piece.
 *
 * A chunk that finds the queue empty is kept as it is; one that does not is copied behind the rest, into a buffer that
 * grows by half. So a large literal read as fast as it comes is never copied, a client that sends an octet a packet
 * costs no object an octet, and however chunks are cut, an octet is copied a few times at most and searched once. An
 * empty queue holds no buffer.
 */
export class OctetQueue {
  #buffer: Buffer = NOTHING;
  /** The octets queued are those from `#start` to `#end`; ours to write are those after `#end`, if any. */
  #start = 0;
  #end = 0;
  /** Octets up to here hold no LF. */
  #searched = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    const length = this.length;
    if (length === 0) {
      this.#hold(chunk, chunk.length, 0);
      return;
    }
    if (this.#end + chunk.length > this.#buffer.length) {
      const octets = length + chunk.length;
      const larger = Buffer.allocUnsafeSlow(octets + Math.ceil(octets / 2) + 512);
      this.#buffer.copy(larger, 0, this.#start, this.#end);
      this.#hold(larger, length, this.#searched - this.#start);
    }
    // Never over what was given out: that lies before #start.
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Octets before the first LF, or -1 if there is none. */
  findLineFeed(): number {
    // Not beyond #end: what is there was never written, and a search through it at every push would not be linear.
    const found = this.#buffer.subarray(this.#searched, this.#end).indexOf(LF);
    this.#searched = found === -1 ? this.#end : this.#searched + found;
    return found === -1 ? -1 : this.#searched - this.#start;
  }

  /** Takes `most` octets, or all there are if they are fewer, without a copy. */
  take(most: number): Buffer {
    const end = Math.min(this.#start + most, this.#end);
    const taken = this.#buffer.subarray(this.#start, end);
    this.#start = end;
    if (end === this.#end) this.clear();
    else if (this.#searched < end) this.#searched = end;
    return taken;
  }

  clear(): void {
    this.#hold(NOTHING, 0, 0);
  }

  /** Copies a short rest out of a long chunk. Called before a wait of unknown length, through which it would be held. */
  releaseLongChunk(): void {
    const { length } = this;
    if (this.#start < 1024 || this.#start < length) return;
    const rest = Buffer.allocUnsafeSlow(length); // Not from the pool: that would hold a long chunk again.
    this.#buffer.copy(rest, 0, this.#start, this.#end);
    this.#hold(rest, length, this.#searched - this.#start);
  }

  #hold(buffer: Buffer, octets: number, searched: number): void {
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = octets;
    this.#searched = searched;
  }
}
