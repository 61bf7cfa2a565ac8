import { domainToASCII, domainToUnicode } from 'node:url';

const MAX_DOMAIN_OCTETS = 253;
/** Of ASCII, letters, digits, hyphen and dot only: domainToASCII would decode `%41` and drop tabs. */
const MAY_BE_DOMAIN = /^[a-z0-9.\-\u{80}-\u{10ffff}]+$/iu;
/** RFC 5321 §4.1.2: sub-domain. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ALL_DIGITS = /^[0-9]+$/;

/**
 * The one form of a domain that is stored and compared: A-labels, lower case, no trailing dot. U-labels, their A-labels
 * and all that IDNA maps to them give the same (RFC 6531 §3.2).
 *
 * @returns null for what is no domain name: address literals, `127.1`, A-labels that do not decode
 */
export function canonicalDomain(name: string): string | null {
  if (name.length > MAX_DOMAIN_OCTETS + 1 || !MAY_BE_DOMAIN.test(name)) return null;
  const ascii = domainToASCII(name.endsWith('.') ? name.slice(0, -1) : name);
  if (ascii === '' || ascii.length > MAX_DOMAIN_OCTETS) return null;

  const labels = ascii.split('.');
  if (!labels.every((label) => LABEL.test(label)) || ALL_DIGITS.test(labels.at(-1) ?? '')) return null;
  // domainToASCII lets any ASCII pass; only decoding tells an A-label from a mere `xn--`.
  const decoded = domainToUnicode(ascii);
  return decoded.split('.').some((label) => label.startsWith('xn--')) ? null : ascii;
}
