import { fetchKeys } from './fetch-keys.ts';
import { DOCUMENT_TIMEOUT_MS } from './limits.ts';

/**
 * Tries what a first token would need.
 * @throws {ProviderError} if the issuer's keys cannot be had
 */
export async function checkIssuer(issuer: string): Promise<void> {
  await fetchKeys(issuer, DOCUMENT_TIMEOUT_MS);
}
