import { formatAddress, parseAddress } from '../address.ts';
import { canonicalDomain } from '../domain-name.ts';
import { DirectoryError } from '../errors.ts';

/**
 * Whom a rule is about, in the form in which it is compared: an address, a domain, `*.example.org` for all domains below it, or, of
 * senders, `<>`.
 *
 * @throws {DirectoryError} 'invalid-address'
 */
export function acceptRoutePattern(text: string, whose: 'sender' | 'recipient'): string {
  if (whose === 'sender' && text === '<>') return text;
  const isBelow = text.startsWith('*.');
  const domain = text.includes('@') ? null : canonicalDomain(isBelow ? text.slice(2) : text);
  if (domain !== null) return isBelow ? `*.${domain}` : domain;
  const address = parseAddress(text);
  if (address !== null) return formatAddress(address);
  const form = `an address, a domain, or *.DOMAIN for all domains below it${whose === 'sender' ? ', or <>' : ''}`;
  throw new DirectoryError('invalid-address', `${JSON.stringify(text)} is not ${form}`);
}
