import type { Dane } from './find-dane.ts';
import type { Sts } from './sts-policies.ts';
import { isHostOfPolicy, type StsPolicy, stsPolicyLines } from './sts-policy.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';
import { formatTlsa } from './tlsa-records.ts';

export interface TlsQuestion {
  /** In A-labels. */
  readonly domain: string;
  /** One of its hosts: a name, or an address where it has none. */
  readonly host: string;
  /** DNSSEC vouches for the answer that names the host. */
  readonly isHostAuthentic: boolean;
  readonly dane: Dane;
  readonly sts: Sts;
  /** Of the message. */
  readonly demand: TlsDemand;
}

/** `required`: REQUIRETLS. `optional`: its sender would rather have it go in the clear than not at all (RFC 8689 §3). */
export type TlsDemand = 'required' | 'optional' | 'none';

/** Why a host is not given mail. */
export interface TlsRefusal {
  readonly by: 'dane' | 'mta-sts' | 'requiretls';
  readonly failure: TlsFailure;
  /** It may be otherwise later. What a domain publishes of itself always may (RFC 8461 §5). */
  readonly isTemporary: boolean;
}

/** A policy as reports name it: RFC 8460 §4.4. */
export interface PublishedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** That it is of: for TLSA records, the base domain (RFC 8460 §1.1). */
  readonly domain: string;
  readonly lines: readonly string[];
  readonly mx: readonly string[];
}

/** What has to hold for a connection with a host before mail goes through it. */
export interface TlsPolicy {
  readonly host: string;
  /** To ask the server for in the handshake: SNI. */
  readonly serverName: string;
  /** What of it counts: DANE before MTA-STS (RFC 8461 §2), and MTA-STS where nobody can tell by DANE who the server is. */
  readonly dane: (Dane & { readonly type: 'usable' | 'unusable' }) | null;
  readonly sts: StsPolicy | null;
  readonly demand: TlsDemand;
  /** The host is not even connected to. */
  readonly refusal: TlsRefusal | null;
  readonly published: PublishedPolicy;
}

/** What holds for a host of a domain: DANE, then MTA-STS, then what the message demands, and TLS with whoever it is otherwise (RFC 7435). */
export function decideTlsPolicy(question: TlsQuestion): TlsPolicy {
  const { host, dane: answer, demand } = question;
  const dane = answer.type === 'usable' || answer.type === 'unusable' ? answer : null;
  const { policy } = question.sts;
  // Mode `none` is as good as no policy (RFC 8461 §5).
  const sts = dane?.type === 'usable' || policy?.mode === 'none' ? null : policy;
  const serverName = dane?.baseDomain ?? host;
  const published = publishedPolicy(question.domain, dane, sts);
  return { host, serverName, dane, sts, demand, published, refusal: refusalOf(question, sts) };
}

/** What can be said without a connection. */
function refusalOf(question: TlsQuestion, sts: StsPolicy | null): TlsRefusal | null {
  const { host, domain, dane, demand, isHostAuthentic } = question;
  if (demand === 'optional') return null;
  if (dane.type === 'unknown') return { by: 'dane', failure: dane.failure, isTemporary: true };
  if (sts?.mode === 'enforce' && !isHostOfPolicy(sts, host)) {
    const failure = tlsFailure('validation-failure', 'it is not among the servers that the policy of the domain names');
    return { by: 'mta-sts', failure, isTemporary: true };
  }
  if (demand !== 'required' || isHostAuthentic || (sts !== null && isHostOfPolicy(sts, host))) return null;
  const failure = tlsFailure('validation-failure', `nothing vouches for it as a server of ${domain} (DNSSEC, MTA-STS)`);
  return { by: 'requiretls', failure, isTemporary: !question.sts.isCertain };
}

function publishedPolicy(domain: string, dane: TlsPolicy['dane'], sts: StsPolicy | null): PublishedPolicy {
  if (dane !== null) return { type: 'tlsa', domain: dane.baseDomain, lines: dane.records.map(formatTlsa), mx: [] };
  if (sts !== null) return { type: 'sts', domain, lines: stsPolicyLines(sts), mx: sts.mx };
  return { type: 'no-policy-found', domain, lines: [], mx: [] };
}
