import { MAX_IDENTITY_OCTETS, prepareUsername } from '@postel/sasl';
import { isAccountName } from './account-name.ts';
import { type CanonicalAddress, parseAddress } from './address.ts';

/** What a person logs in with. */
export type LoginName =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'address'; readonly address: CanonicalAddress };

/**
 * Reads an authentication or authorization identity: with an `@` it is an address, which has a canonical form of its own;
 * else an account name, prepared by SASLprep as a query (RFC 4616 §2).
 *
 * @returns null if it can name nobody
 */
export async function parseLoginName(text: string): Promise<LoginName | null> {
  if (Buffer.byteLength(text) > MAX_IDENTITY_OCTETS) return null;
  if (text.includes('@')) {
    const address = parseAddress(text);
    return address === null ? null : { type: 'address', address };
  }
  const name = (await prepareUsername(text, 'query'))?.toLowerCase() ?? '';
  return isAccountName(name) ? { type: 'name', name } : null;
}
