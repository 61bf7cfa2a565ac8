import type { DnsAnswer, Resolver } from './dns-answer.ts';
import { PTR_NAMES } from './limits.ts';
import type { Mx } from './records.ts';
import { addressOctets, reverseName } from './reverse-name.ts';

const NO_OCTETS = Buffer.alloc(0);

/** `null-mx`: the domain says that it takes no mail (RFC 7505 §3). */
export type MxAnswer = DnsAnswer<Mx> | { readonly kind: 'null-mx'; readonly authentic: boolean };

/** The MX records of a domain, those with the lowest preference first. */
export async function lookUpMx(resolver: Resolver, domain: string): Promise<MxAnswer> {
  const answer = await resolver.lookUp(domain, 'MX');
  if (answer.kind !== 'found') return answer;
  const { records, authentic } = answer;
  // RFC 7505 §3: beside others it means nothing.
  const real = records.filter(({ exchange }) => exchange !== '');
  if (real.length === 0) return { kind: 'null-mx', authentic };
  return { kind: 'found', records: real.toSorted((a, b) => a.preference - b.preference), authentic };
}

/** IPv4 and IPv6 addresses of a host. Found, if there are any; authentic, if all of what is known is. */
export async function lookUpAddresses(resolver: Resolver, host: string): Promise<DnsAnswer<string>> {
  const [a, aaaa] = await Promise.all([resolver.lookUp(host, 'A'), resolver.lookUp(host, 'AAAA')]);
  const both = [a, aaaa];
  const records = both.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (records.length > 0) {
    const authentic = both.every((answer) => 'authentic' in answer && answer.authentic);
    return { kind: 'found', records, authentic };
  }
  // What may exist is not to be taken for what does not.
  return both.find(({ kind }) => kind === 'bogus' || kind === 'temporary') ?? a;
}

/** The names that the owner of an IP address gives it. */
export async function lookUpPtr(resolver: Resolver, address: string): Promise<DnsAnswer<string>> {
  const name = reverseName(address);
  return name === null ? { kind: 'nxdomain', authentic: false } : await resolver.lookUp(name, 'PTR');
}

/** RFC 8601 §2.7.3. */
export interface Iprev {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  /** Who the client is, by a name that leads back to its address; null without `pass`. */
  readonly name: string | null;
}

/** Whether an IP address has a name that has this address: RFC 8601 §3. */
export async function iprev(resolver: Resolver, address: string): Promise<Iprev> {
  const names = await lookUpPtr(resolver, address);
  switch (names.kind) {
    case 'nodata':
    case 'nxdomain':
      return { result: 'permerror', name: null };
    case 'temporary':
    case 'bogus':
      return { result: 'temperror', name: null };
    case 'found':
      return await verifyNames(resolver, address, names.records.slice(0, PTR_NAMES));
    default:
      return names satisfies never;
  }
}

async function verifyNames(resolver: Resolver, address: string, names: readonly string[]): Promise<Iprev> {
  const octets = addressOctets(address) ?? NO_OCTETS;
  const type = octets.length === 4 ? 'A' : 'AAAA';
  const answers = await Promise.all(names.map((name) => resolver.lookUp(name, type)));
  const at = answers.findIndex(
    (answer) => answer.kind === 'found' && answer.records.some((record) => addressOctets(record)?.equals(octets)),
  );
  if (at !== -1) return { result: 'pass', name: names[at] ?? null };
  const isUnclear = answers.some(({ kind }) => kind === 'temporary' || kind === 'bogus');
  return { result: isUnclear ? 'temperror' : 'fail', name: null };
}
