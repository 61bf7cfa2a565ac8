import { BlockList, isIP, isIPv6 } from 'node:net';
import { addressOctets } from './network.ts';

/**
 * The networks that an address is in, as CIDR (RFC 4632 §3.1, RFC 4291 §2.3). With IPv6 a host has a /64 for itself (RFC 4291
 * §2.5.1), and may take another address of it for each connection.
 */
export interface AddressPrefixes {
  /** One host, or those behind one address: /32, /64. */
  readonly host: string;
  /** One customer of a provider: /26, /48. */
  readonly site: string;
  /** One provider: /21, /32. */
  readonly region: string;
}

const BITS = { 4: { host: 32, site: 26, region: 21 }, 16: { host: 64, site: 48, region: 32 } } as const;
/** RFC 6052 §2.1: where IPv4 comes through a translator, the address is in the last 32 bits. */
const TRANSLATED = Buffer.from('0064ff9b0000000000000000', 'hex');
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
const UNKNOWN = Buffer.alloc(16);

/** A connection asks three times or more. To find them took 50 µs with IPv6. */
const known = new Map<string, AddressPrefixes>();
const MOST_KNOWN = 1_000;

/** What is no address is the unspecified one: its client was gone before it could be asked. */
export function prefixesOf(address: string): AddressPrefixes {
  const remembered = known.get(address);
  if (remembered !== undefined) return remembered;
  const prefixes = findPrefixes(address);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(address, prefixes);
  return prefixes;
}

function findPrefixes(address: string): AddressPrefixes {
  const octets = octetsOf(address) ?? UNKNOWN;
  const bits = octets.length === 4 ? BITS[4] : BITS[16];
  return {
    host: formatPrefix(octets, bits.host),
    site: formatPrefix(octets, bits.site),
    region: formatPrefix(octets, bits.region),
  };
}

/** Networks that addresses can be looked for in. @param networks as CIDR; an address alone is one, too */
export class NetworkList {
  readonly #list = new BlockList();

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      this.#list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    }
  }

  includes(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

/** As `addressOctets`, but IPv4 as such however it came. */
function octetsOf(address: string): Buffer | null {
  const octets = addressOctets(address);
  const isIpv4 = [TRANSLATED, MAPPED].some((prefix) => octets?.subarray(0, 12).equals(prefix));
  return isIpv4 ? (octets?.subarray(12) ?? null) : octets;
}

function formatPrefix(octets: Buffer, bits: number): string {
  const network = octets.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))));
  if (network.length === 4) return `${network.join('.')}/${bits}`;
  const groups = Array.from({ length: Math.ceil(bits / 16) }, (_, i) =>
    Buffer.from(network.subarray(2 * i, 2 * i + 2))
      .readUInt16BE()
      .toString(16),
  );
  while (groups.at(-1) === '0') groups.pop();
  return `${groups.join(':')}::/${bits}`;
}
