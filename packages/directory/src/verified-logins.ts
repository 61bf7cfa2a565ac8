import { createHmac, randomBytes } from 'node:crypto';

export interface VerifiedLoginsOptions {
  readonly maxEntries: number;
  readonly lifetimeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Remembers which password was found to fit which stored key, so that a mail program that connects every minute costs a
 * HMAC instead of thousands. It holds neither passwords nor anything that outlives the process or can be tried elsewhere:
 * only HMACs under a key that is drawn at start.
 *
 * The stored key is read from the database at every login and is part of what is remembered, so a changed password is
 * refused at once, without anything to invalidate.
 */
export class VerifiedLogins {
  readonly #key = randomBytes(32);
  /** Expiry by fingerprint; the order of the map is the order of use. */
  readonly #expiries = new Map<string, number>();
  readonly #options: VerifiedLoginsOptions;

  constructor(options: VerifiedLoginsOptions) {
    this.#options = options;
  }

  fingerprint(salt: Buffer, storedKey: Buffer, password: string): string {
    return createHmac('sha256', this.#key)
      .update(`${salt.toString('hex')} ${storedKey.toString('hex')} ${password}`)
      .digest('base64');
  }

  has(fingerprint: string): boolean {
    const expiry = this.#expiries.get(fingerprint);
    if (expiry === undefined) return false;
    this.#expiries.delete(fingerprint);
    if (expiry <= this.#options.now()) return false;
    this.#expiries.set(fingerprint, expiry);
    return true;
  }

  add(fingerprint: string): void {
    this.#expiries.delete(fingerprint);
    this.#expiries.set(fingerprint, this.#options.now() + this.#options.lifetimeMs);
    if (this.#expiries.size > this.#options.maxEntries) {
      const [leastRecentlyUsed] = this.#expiries.keys();
      if (leastRecentlyUsed !== undefined) this.#expiries.delete(leastRecentlyUsed);
    }
  }

  get size(): number {
    return this.#expiries.size;
  }
}
