import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Where the names of an IP address stand: RFC 1035 §3.5, RFC 3596 §2.5. An IPv4 address mapped into IPv6 is IPv4. */
export function reverseName(address: string): string | null {
  const octets = addressOctets(address);
  if (octets === null) return null;
  return `${reversedOctets(octets)}.${octets.length === 4 ? 'in-addr' : 'ip6'}.arpa`;
}

/** The labels for it: octets of IPv4, in decimal, and half octets of IPv6, the last ones first. */
export function reversedOctets(octets: Buffer): string {
  const parts = octets.length === 4 ? [...octets] : [...octets.toString('hex')];
  return parts.reverse().join('.');
}

/** 4 octets or 16; null if it is no IP address. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) has 4. */
export function addressOctets(address: string): Buffer | null {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) return null;
  const octets = ipv6Octets(address.replace(/%.*$/, ''));
  const isMapped = octets.readUIntBE(0, 6) === 0 && octets.readUIntBE(6, 6) === 0xffff;
  return isMapped ? octets.subarray(12) : octets;
}

function ipv6Octets(address: string): Buffer {
  // Node writes it with hexadecimal groups, however it was written, but for the last two of some.
  const { address: normal } = new SocketAddress({ address, family: 'ipv6' });
  const [head = '', tail] = normal.split('::');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  const octets = Buffer.alloc(16);
  for (const [i, group] of [...before, ...zeros, ...after].entries()) octets.writeUInt16BE(group, i * 2);
  return octets;
}

function groups(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
