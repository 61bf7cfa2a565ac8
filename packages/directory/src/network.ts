import { isIPv4, isIPv6 } from 'node:net';
import { DirectoryError } from './errors.ts';

/** Octets before the IPv4 address in an IPv6 address that holds one: ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * A network in the notation of RFC 4632 §3.1 and RFC 4291 §2.3, or a single address, in the form that the database keeps:
 * without bits behind the prefix, and IPv4 as IPv4 however it is written.
 *
 * @returns null if it is none
 */
export function parseNetwork(text: string): string | null {
  const [address = '', bits, ...more] = text.split('/');
  const octets = addressOctets(address);
  if (octets === null || more.length > 0) return null;
  const length = bits === undefined ? octets.length * 8 : prefixLength(bits, octets.length * 8);
  if (length === null) return null;
  const isMapped = octets.subarray(0, MAPPED.length).equals(MAPPED) && length >= MAPPED.length * 8;
  return isMapped
    ? networkText(octets.subarray(MAPPED.length), length - MAPPED.length * 8)
    : networkText(octets, length);
}

/** As `parseNetwork`. @throws {DirectoryError} 'invalid-network' */
export function acceptNetwork(text: string): string {
  const network = parseNetwork(text);
  if (network !== null) return network;
  throw new DirectoryError(
    'invalid-network',
    `${JSON.stringify(text)} is neither a network like 192.0.2.0/24 or 2001:db8::/48 nor an address`,
  );
}

/** 4 octets or 16; null for what is no address. */
export function addressOctets(address: string): Buffer | null {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) return null;
  // Without an IPv4 address at its end, and in groups of hexadecimal digits (https://url.spec.whatwg.org, IPv6 serializer).
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], after = []] = groups.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function prefixLength(text: string, longest: number): number | null {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= longest ? Number(text) : null;
}

function networkText(octets: Buffer, length: number): string {
  const prefix = [...octets].map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff);
  const text =
    octets.length === 4
      ? prefix.join('.')
      : Buffer.from(prefix)
          .toString('hex')
          .replace(/(?<=.)(?=(....)+$)/g, ':');
  return `${text}/${length}`;
}
