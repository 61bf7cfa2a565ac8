import { createHmac, randomBytes } from 'node:crypto';

export interface VerifiedLoginsOptions {
  readonly maxEntries: number;
  readonly lifetimeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface VerifiedLogin {
  readonly storedKey: Buffer;
  readonly expiry: number;
}

/**
 * Remembers which password was found to fit which stored key, so that a mail program that connects every minute costs a
 * HMAC instead of thousands, however many passwords its account has. It holds neither passwords nor anything by which one
 * could be tried elsewhere faster than by the stored keys themselves: only HMACs under a key that is drawn at start.
 *
 * A password that gave a stored key opens only where the database, when it is asked, still has that very key: nothing has to
 * be invalidated. Whom it is not asked for: `RecentLogins`.
 */
export class VerifiedLogins {
  readonly #key = randomBytes(32);
  /** By fingerprint; the order of the map is the order of use. */
  readonly #logins = new Map<string, VerifiedLogin>();
  readonly #options: VerifiedLoginsOptions;

  constructor(options: VerifiedLoginsOptions) {
    this.#options = options;
  }

  /** @param salt of the account */
  fingerprint(salt: Buffer, password: string): string {
    return createHmac('sha256', this.#key)
      .update(`${salt.toString('hex')} ${password}`)
      .digest('base64');
  }

  /** The stored key that the password gave; null if it was not verified lately. */
  storedKeyOf(fingerprint: string): Buffer | null {
    const login = this.#logins.get(fingerprint);
    if (login === undefined) return null;
    this.#logins.delete(fingerprint);
    if (login.expiry <= this.#options.now()) return null;
    this.#logins.set(fingerprint, login);
    return login.storedKey;
  }

  add(fingerprint: string, storedKey: Buffer): void {
    this.#logins.delete(fingerprint);
    this.#logins.set(fingerprint, { storedKey, expiry: this.#options.now() + this.#options.lifetimeMs });
    if (this.#logins.size > this.#options.maxEntries) {
      const [leastRecentlyUsed] = this.#logins.keys();
      if (leastRecentlyUsed !== undefined) this.#logins.delete(leastRecentlyUsed);
    }
  }

  get size(): number {
    return this.#logins.size;
  }
}
