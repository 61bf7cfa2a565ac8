import { hash, randomBytes } from 'node:crypto';
import type { NamedAccount, StoredCredential } from './find-credentials.ts';

/**
 * What was read of the directory serves so long. Whoever takes a credential away waits for that time after the commit, so nobody
 * is let in by it from then on: nobody on any host, with any clock, or cut off from everybody else.
 */
export const RECENT_MS = 100;

export interface RecentLoginsOptions {
  readonly maxEntries: number;
  readonly lifetimeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Who a login and its password were found to be. */
export interface FoundLogin {
  readonly account: NamedAccount;
  readonly stored: StoredCredential;
}

interface RecentLogin extends FoundLogin {
  readonly expiry: number;
}

/**
 * Spares the database the logins that it has just answered: of those that come together one asks it, and learns the version of
 * the directory with its answer. While that is no older than `RECENT_MS`, whoever has logged in by this version comes in with
 * the same login and password without a question.
 *
 * A login is kept under a hash of both with a key that is drawn at start. One that is wrong is found under nothing, as
 * that of nobody is, and costs what it always does.
 */
export class RecentLogins {
  readonly #key = randomBytes(32).toString('hex');
  readonly #options: RecentLoginsOptions;
  /** By fingerprint, all of one version; the order of the map is that of time. */
  readonly #logins = new Map<string, RecentLogin>();
  #version: number | null = null;
  /** The version was asked for then. */
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecentLoginsOptions) {
    this.#options = options;
  }

  /**
   * With SHA-3 the key may stand in front; a HMAC takes three times as long (2 µs).
   *
   * @param login as it was given
   */
  fingerprint(login: string, password: string): string {
    return hash('sha3-256', `${this.#key} ${login.length} ${login} ${password}`, 'base64');
  }

  /** Null: the database is to be asked. */
  find(fingerprint: string): FoundLogin | null {
    const now = this.#options.now();
    if (now - this.#askedAt >= RECENT_MS) return null;
    const login = this.#logins.get(fingerprint);
    return login !== undefined && login.expiry > now ? login : null;
  }

  /** @param askedAt before the database was asked for the version; monotonic milliseconds */
  learn(version: number, askedAt: number): void {
    if (askedAt < this.#askedAt) return;
    this.#askedAt = askedAt;
    if (version === this.#version) return;
    this.#version = version;
    this.#logins.clear();
  }

  /** @param version that it was found by */
  add(fingerprint: string, { account, stored }: FoundLogin, version: number): void {
    if (version !== this.#version) return;
    this.#logins.delete(fingerprint);
    this.#logins.set(fingerprint, { account, stored, expiry: this.#options.now() + this.#options.lifetimeMs });
    if (this.#logins.size <= this.#options.maxEntries) return;
    const [oldest] = this.#logins.keys();
    if (oldest !== undefined) this.#logins.delete(oldest);
  }
}
