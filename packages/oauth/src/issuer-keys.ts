import type { CompactJWSHeaderParameters, CryptoKey, FlattenedJWSInput, JWK } from 'jose';
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors';
import { createLocalJWKSet, type LocalJWKSet } from 'jose/jwks/local';
import { configurationUrl } from './configuration-url.ts';
import { fetchDocument } from './fetch-document.ts';
import { ASK_AGAIN_MS, KEYS_FRESH_MS, KEYS_USABLE_MS, MAX_KEYS, MAX_WAITING } from './limits.ts';
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
 * The keys that an issuer signs with, from the JSON Web Key Set (RFC 7517 §5) that its configuration names. They are
 * fetched when the first token comes, when they are no longer fresh, and when a token names a key that is not among
 * them: by one request at a time, and seldom, however many tokens come.
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
    const url = configurationUrl(this.#issuer);
    const configuration = await fetchDocument(url, timeoutMs);
    // RFC 8414 §3.3: otherwise one issuer could speak for another.
    if (configuration.get('issuer') !== this.#issuer) {
      throw new ProviderError(`${url} is of another issuer than ${this.#issuer}`);
    }
    const keysUrl = configuration.get('jwks_uri');
    if (typeof keysUrl !== 'string') throw new ProviderError(`${url} does not say where the keys are (jwks_uri)`);
    const document = await fetchDocument(keysUrl, timeoutMs);
    const keys = publicKeys(keysUrl, document.get('keys'));
    this.#keys = { find: keySetOf(keysUrl, keys), fetchedAt: elapsedMs() };
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

/** A key whose private part everybody can read proves nothing, nor does a short one (RFC 7518 §3.3). */
function publicKeys(url: string, keys: unknown): JWK[] {
  if (!Array.isArray(keys)) throw new ProviderError(`${url} is no key set`);
  if (keys.length > MAX_KEYS) throw new ProviderError(`${url} has more than ${MAX_KEYS} keys`);
  return keys.filter(isPublicKey);
}

function keySetOf(url: string, keys: JWK[]): LocalJWKSet {
  try {
    return createLocalJWKSet({ keys });
  } catch (error) {
    throw new ProviderError(`${url} is no key set`, { cause: error });
  }
}

const MIN_RSA_MODULUS_OCTETS = 256;

function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null || 'd' in key || 'k' in key) return false;
  if (!('kty' in key) || key.kty !== 'RSA') return true;
  return 'n' in key && typeof key.n === 'string' && Buffer.byteLength(key.n, 'base64url') >= MIN_RSA_MODULUS_OCTETS;
}
