import { isIP } from 'node:net';
import type { DnsAnswer, Resolver, Tlsa } from '@postel/dns';
import { ALIASES, TLSA_RECORDS } from './limits.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';
import { DANE_TA, usableRecords } from './tlsa-records.ts';

/** What DANE says of a host. */
export type Dane =
  /** Nothing. */
  | { readonly type: 'none' }
  | {
      /** `unusable`: TLS it must be, but nobody can tell whose (RFC 7672 §2.2). */
      readonly type: 'usable' | 'unusable';
      /** The TLSA base domain: the name to ask the server for (RFC 7672 §8.1). */
      readonly baseDomain: string;
      /** What a certificate under a trust anchor may be for. */
      readonly names: readonly string[];
      /** Those that count; all there are, if none does. */
      readonly records: readonly Tlsa[];
    }
  /** It is not known what it says: the host is not to be used now (RFC 7672 §2.1.2). */
  | { readonly type: 'unknown'; readonly failure: TlsFailure };

export interface DaneQuestion {
  /** Where mail goes to, in A-labels: the domain of an address. */
  readonly domain: string;
  /** One of its MX hosts, or the domain where it has no MX. */
  readonly host: string;
  readonly port: number;
  /** DNSSEC vouches for the answer that names the host, or says that there is no MX. */
  readonly isHostAuthentic: boolean;
}

type Unanswered = Extract<DnsAnswer<unknown>, { readonly kind: 'temporary' | 'bogus' }>;

const NONE: Dane = { type: 'none' };

/**
 * Looks up what DANE says of a host: RFC 7672 §2.2. Where DNSSEC does not vouch for the way to the host, DANE has no meaning: whoever
 * can name another host has its TLSA records too (§2.2.1).
 */
export async function findDane(resolver: Resolver, question: DaneQuestion): Promise<Dane> {
  const { domain, host, port, isHostAuthentic } = question;
  if (!isHostAuthentic || isIP(host) !== 0) return NONE;
  const candidates = await baseDomains(resolver, host);
  if ('kind' in candidates) return unknown(candidates);
  for (const baseDomain of candidates) {
    const answer = await resolver.lookUp(`_${port}._tcp.${baseDomain}`, 'TLSA');
    if (isUnanswered(answer)) return unknown(answer);
    // RFC 7672 §2.2.3: the first name with records that DNSSEC vouches for.
    if (answer.kind !== 'found' || !answer.authentic) continue;
    const records = answer.records.slice(0, TLSA_RECORDS);
    const usable = usableRecords(records);
    if (usable.length === 0) return { type: 'unusable', baseDomain, names: [], records };
    const needsNames = usable.some(({ usage }) => usage === DANE_TA);
    const names = needsNames ? await referenceNames(resolver, domain, baseDomain) : [];
    return { type: 'usable', baseDomain, names, records: usable };
  }
  return NONE;
}

function isUnanswered(answer: DnsAnswer<unknown>): answer is Unanswered {
  return answer.kind === 'temporary' || answer.kind === 'bogus';
}

function unknown(answer: Unanswered): Dane {
  const why =
    answer.kind === 'bogus' ? 'what the DNS says of it is signed wrongly' : `no DNS answer (${answer.reason})`;
  return { type: 'unknown', failure: tlsFailure('dnssec-invalid', `its TLSA records are not known: ${why}`) };
}

/**
 * The names that TLSA records may stand below: where the aliases of a host lead, then the host itself, as far as DNSSEC vouches for them
 * (RFC 7672 §2.1.3, §2.2.2). None where it does not vouch for the host: its TLSA records are not even asked for, because servers that
 * know nothing of DNSSEC have been seen to leave such questions without an answer.
 */
async function baseDomains(resolver: Resolver, host: string): Promise<readonly string[] | Unanswered> {
  const answers = await Promise.all([resolver.lookUp(host, 'A'), resolver.lookUp(host, 'AAAA')]);
  const found = answers.filter(({ kind }) => kind === 'found');
  // Who can suppress answers must not be able to suppress DANE.
  if (found.length === 0) return answers.find(isUnanswered) ?? [];
  const isAuthentic = found.some((answer) => 'authentic' in answer && answer.authentic);
  const alias = await resolver.lookUp(host, 'CNAME');
  if (isUnanswered(alias)) return alias;
  if (!isAuthentic) return alias.kind === 'found' && alias.authentic ? [host] : [];
  const expanded = await expand(resolver, host);
  return typeof expanded !== 'string' ? expanded : expanded === host ? [host] : [expanded, host];
}

/** RFC 7672 §3.2.2: next to the base domain, the name that mail is for, and where its aliases lead. */
async function referenceNames(resolver: Resolver, domain: string, baseDomain: string): Promise<readonly string[]> {
  const expanded = await expand(resolver, domain);
  return [...new Set([baseDomain, domain, ...(typeof expanded === 'string' ? [expanded] : [])])];
}

/** Where the aliases of a name lead, as far as DNSSEC vouches for them. */
async function expand(resolver: Resolver, name: string): Promise<string | Unanswered> {
  let target = name;
  for (let hops = 0; hops < ALIASES; hops++) {
    const answer = await resolver.lookUp(target, 'CNAME');
    if (isUnanswered(answer)) return answer;
    const [next] = answer.kind === 'found' && answer.authentic ? answer.records : [];
    if (next === undefined) return target;
    target = next;
  }
  return name; // in circles
}
