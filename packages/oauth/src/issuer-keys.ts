import type { CompactJWSHeaderParameters, CryptoKey, FlattenedJWSInput } from 'jose';
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors';
import type { LocalJWKSet } from 'jose/jwks/local';
import { fetchKeys } from './fetch-keys.ts';
import { ASK_AGAIN_MS, KEYS_FRESH_MS, KEYS_USABLE_MS, MAX_WAITING } from './limits.ts';
import { ProviderError } from './provider-error.ts';

export interface IssuerKeysOptions {
  /** Monotonic milliseconds. */
  readonly elapsedMs: () => number;
  /** For each of the two documents. */
  readonly timeoutMs: number;
}

interface KeySet {
  readonly find: LocalJWKSet;
  readonly fetchedAt: number;
}

/**
 * The keys that an issuer signs with. They are fetched when the first token comes, when they are no longer fresh, and when
 * a token names a key that is not among them: by one request at a time, and seldom, however many tokens come.
 */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #options: IssuerKeysOptions;
  #keys: KeySet | null = null;
  /** What the issuer last answered, or will. */
  #answer: Promise<KeySet> | null = null;
  #askAgainAt = Number.POSITIVE_INFINITY;
  #waiting = 0;

  constructor(issuer: string, options: IssuerKeysOptions) {
    this.#issuer = issuer;
    this.#options = options;
  }

  /**
   * The key that a token says it is signed with; `kid` is compared with those of the keys, and nothing else is done with it.
   *
   * @throws {JWKSNoMatchingKey} if the issuer has none that fits, or several
   * @throws {ProviderError} if that cannot be known now
   */
  async find(header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const known = await this.#currentKeys();
    const key = await findIn(known, header, token);
    if (key !== null) return key;

    const newest = await this.#ask();
    const newKey = newest === known ? null : await findIn(newest, header, token);
    if (newKey === null) throw new JWKSNoMatchingKey();
    return newKey;
  }

  async #currentKeys(): Promise<KeySet> {
    const keys = this.#keys;
    const ageMs = keys === null ? Number.POSITIVE_INFINITY : this.#options.elapsedMs() - keys.fetchedAt;
    if (keys !== null && ageMs < KEYS_FRESH_MS) return keys;
    try {
      return await this.#ask();
    } catch (error) {
      if (keys !== null && ageMs < KEYS_USABLE_MS && error instanceof ProviderError) return keys;
      throw error;
    }
  }

  /** What the issuer answers; if it was asked a moment ago, what it answered. */
  async #ask(): Promise<KeySet> {
    if (this.#waiting >= MAX_WAITING) throw new ProviderError(`Too many logins wait for ${this.#issuer}`);
    if (this.#answer === null || this.#options.elapsedMs() >= this.#askAgainAt) {
      this.#askAgainAt = Number.POSITIVE_INFINITY;
      this.#answer = this.#fetch().finally(() => {
        this.#askAgainAt = this.#options.elapsedMs() + ASK_AGAIN_MS;
      });
    }
    this.#waiting += 1;
    try {
      return await this.#answer;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #fetch(): Promise<KeySet> {
    const { elapsedMs, timeoutMs } = this.#options;
    this.#keys = { find: await fetchKeys(this.#issuer, timeoutMs), fetchedAt: elapsedMs() };
    return this.#keys;
  }
}

/** @returns null if not exactly one fits (RFC 7517 §4.5; without `kid` there can be several) */
async function findIn(
  { find }: KeySet,
  header: CompactJWSHeaderParameters,
  token: FlattenedJWSInput,
): Promise<CryptoKey | null> {
  try {
    return await find(header, token);
  } catch (error) {
    if (error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys) return null;
    throw new ProviderError('A key of the issuer cannot be used', { cause: error });
  }
}
