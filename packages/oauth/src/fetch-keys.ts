import type { JWK } from 'jose';
import { createLocalJWKSet, type LocalJWKSet } from 'jose/jwks/local';
import { configurationUrl } from './configuration-url.ts';
import { fetchDocument } from './fetch-document.ts';
import { MAX_KEYS } from './limits.ts';
import { ProviderError } from './provider-error.ts';

/**
 * An issuer's public keys, from the JSON Web Key Set (RFC 7517 §5) that its configuration names.
 *
 * @param timeoutMs for each of the two documents
 * @throws {ProviderError}
 */
export async function fetchKeys(issuer: string, timeoutMs: number): Promise<LocalJWKSet> {
  const url = configurationUrl(issuer);
  const configuration = await fetchDocument(url, timeoutMs);
  // RFC 8414 §3.3: otherwise one issuer could speak for another.
  if (configuration.get('issuer') !== issuer) throw new ProviderError(`${url} is of another issuer than ${issuer}`);
  const keysUrl = configuration.get('jwks_uri');
  if (typeof keysUrl !== 'string') throw new ProviderError(`${url} does not say where the keys are (jwks_uri)`);
  // From elsewhere nobody leads us to what is open to this machine alone.
  if (issuer.startsWith('https:') && !keysUrl.startsWith('https:')) {
    throw new ProviderError(`${url} has its keys at ${keysUrl}, which is no https: URL`);
  }
  const document = await fetchDocument(keysUrl, timeoutMs);
  return keySetOf(keysUrl, publicKeys(keysUrl, document.get('keys')));
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

const MIN_RSA_MODULUS = 2n ** 2_047n;

function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null || 'd' in key || 'k' in key) return false;
  if (!('kty' in key) || key.kty !== 'RSA') return true;
  // By its value: zeros before it make it no longer.
  return 'n' in key && typeof key.n === 'string' && numberOf(key.n) >= MIN_RSA_MODULUS;
}

/** Base64urlUInt: RFC 7518 §2. */
function numberOf(text: string): bigint {
  return BigInt(`0x0${Buffer.from(text, 'base64url').toString('hex')}`);
}
