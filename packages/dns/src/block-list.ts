import type { Resolver } from './dns-answer.ts';
import { addressOctets, reversedOctets } from './reverse-name.ts';

/** What a DNSBL (RFC 5782) says of an address. */
export type BlockListAnswer =
  /** With what the list says about it, in a stranger's words. */
  | { readonly type: 'listed'; readonly text: string | null }
  | { readonly type: 'not-listed' }
  /** Nothing that has a meaning. */
  | { readonly type: 'no-answer'; readonly reason: string };

/** Whether a list is to be believed; all but `sound` are reasons why not. */
export type BlockListHealth = 'sound' | 'lists-everything' | 'lists-nothing' | 'no-answer';

export type AddressFamily = 'ipv4' | 'ipv6';

/** RFC 5782 §5: every list has the first of each family, and must not have the second: 127.0.0.2 and .1, ::FFFF:7F00:2 and :1. */
const TEST_POINTS = {
  ipv4: { listed: Buffer.from('7f000002', 'hex'), unlisted: Buffer.from('7f000001', 'hex') },
  ipv6: {
    listed: Buffer.from('00000000000000000000ffff7f000002', 'hex'),
    unlisted: Buffer.from('00000000000000000000ffff7f000001', 'hex'),
  },
} as const;

/** Asks a list about an IP address: RFC 5782 §2.1, §2.4. */
export async function askBlockList(resolver: Resolver, zone: string, address: string): Promise<BlockListAnswer> {
  const octets = addressOctets(address);
  if (octets === null) return { type: 'not-listed' };
  const name = `${reversedOctets(octets)}.${zone}`;
  const answer = await lookUp(resolver, name);
  if (answer.type !== 'listed') return answer;
  const texts = await resolver.lookUp(name, 'TXT');
  return { type: 'listed', text: texts.kind === 'found' ? (texts.records[0] ?? null) : null };
}

/** Asks a list for its test entries: those that are given up come to list nothing, or everything. */
export async function checkBlockList(
  resolver: Resolver,
  zone: string,
  family: AddressFamily,
): Promise<BlockListHealth> {
  const points = TEST_POINTS[family];
  const [listed, unlisted] = await Promise.all([
    lookUp(resolver, `${reversedOctets(points.listed)}.${zone}`),
    lookUp(resolver, `${reversedOctets(points.unlisted)}.${zone}`),
  ]);
  if (unlisted.type === 'listed') return 'lists-everything';
  if (listed.type === 'no-answer' || unlisted.type === 'no-answer') return 'no-answer';
  return listed.type === 'listed' ? 'sound' : 'lists-nothing';
}

async function lookUp(resolver: Resolver, name: string): Promise<BlockListAnswer> {
  const answer = await resolver.lookUp(name, 'A');
  switch (answer.kind) {
    case 'found': {
      const other = answer.records.find((address) => !isListing(address));
      if (other !== undefined) return { type: 'no-answer', reason: `it says ${other}` };
      return { type: 'listed', text: null };
    }
    case 'nodata':
    case 'nxdomain':
      return { type: 'not-listed' };
    case 'temporary':
      return { type: 'no-answer', reason: answer.reason };
    case 'bogus':
      return { type: 'no-answer', reason: 'its signature is wrong' };
    default:
      return answer satisfies never;
  }
}

/**
 * RFC 5782 §2.1: an address of 127.0.0.0/8. One of elsewhere is of whoever has bought the domain since. 127.255.255.0/24, and with some
 * 127.0.0.1, is how lists say that they do not answer this resolver: too many questions, or a resolver that anybody may use.
 */
function isListing(address: string): boolean {
  return address.startsWith('127.') && !address.startsWith('127.255.255.') && address !== '127.0.0.1';
}
