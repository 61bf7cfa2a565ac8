import { isIP } from 'node:net';
import type { Resolver } from '@postel/dns';
import type { TlsMemory } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import {
  decideTlsPolicy,
  findDane,
  judgeTls,
  peerKeyHash,
  type SeenTls,
  type Sts,
  type StsPolicies,
  type TlsDemand,
  type TlsPeer,
  type TlsPolicy,
  type TlsRefusal,
} from '@postel/tls-policy';
import { deferred, failed, HostFailure } from './outcome.ts';
import type { TlsMetrics } from './tls-metrics.ts';
import type { TlsResults } from './tls-results.ts';

export interface TlsGuardOptions {
  readonly resolver: Resolver;
  readonly policies: Pick<StsPolicies, 'find'>;
  readonly memory: Pick<TlsMemory, 'seen' | 'missing'>;
  /** Authorities that are trusted with certificates of other servers, in PEM; null for those that Node.js knows. */
  readonly authorities: string | null;
  /** How long mail waits for a server that had TLS and has none any more. */
  readonly patienceMs: number;
  readonly results: Pick<TlsResults, 'count'>;
  /** Of the other servers. */
  readonly port: number;
  readonly log: Logger;
  readonly metrics: TlsMetrics;
}

/** What is known of a domain before its hosts are looked at. */
export interface DomainTls {
  readonly domain: string;
  readonly sts: Sts;
  readonly demand: TlsDemand;
}

const NO_STS: Sts = { policy: null, failure: null, isCertain: true };
const HOUR_MS = 3_600_000;

/** Sees to it that mail goes under the TLS that it needs, by what domains publish, messages demand and hosts did before. */
export class TlsGuard {
  readonly #options: TlsGuardOptions;

  constructor(options: TlsGuardOptions) {
    this.#options = options;
  }

  /** @param domain in A-labels, or an address literal, which has no policy (RFC 8461 §3.4) */
  async ofDomain(domain: string, demand: TlsDemand): Promise<DomainTls> {
    if (domain.startsWith('[')) return { domain, sts: NO_STS, demand };
    const { policies, results } = this.#options;
    const sts = await policies.find(domain);
    const policy = { type: 'sts', domain, lines: [], mx: [] } as const;
    if (sts.failure !== null) results.count(domain, { policy, failure: sts.failure, host: null, address: null });
    return { domain, sts, demand };
  }

  /**
   * @param isHostAuthentic DNSSEC vouches for the answer that names the host
   * @throws {HostFailure} if it is not to be connected to
   */
  async ofHost({ domain, sts, demand }: DomainTls, host: string, isHostAuthentic: boolean): Promise<HostTls> {
    const { resolver, port, metrics, results } = this.#options;
    const dane = await findDane(resolver, { domain, host, port, isHostAuthentic });
    const policy = decideTlsPolicy({ domain, host, isHostAuthentic, dane, sts, demand });
    if (policy.refusal !== null) {
      const { by, failure } = policy.refusal;
      // What a message demands is no policy of the domain.
      if (by !== 'requiretls') results.count(domain, { policy: policy.published, failure, host, address: null });
      metrics.connections.inc({ policy: policy.refusal.by, outcome: 'refused' });
      throw new HostFailure(outcomeOfRefusal(policy.refusal, host, domain));
    }
    return new HostTls(this.#options, domain, policy);
  }
}

/** What has to hold for connections with one host. */
export class HostTls {
  readonly policy: TlsPolicy;
  readonly #options: TlsGuardOptions;
  readonly #domain: string;

  constructor(options: TlsGuardOptions, domain: string, policy: TlsPolicy) {
    this.#options = options;
    this.#domain = domain;
    this.policy = policy;
  }

  get authorities(): string | null {
    return this.#options.authorities;
  }

  /** @throws {HostFailure} if no mail is to go through this connection with an address of the host */
  async accept(seen: SeenTls, address: string): Promise<void> {
    const { policy } = this;
    const { metrics, results } = this.#options;
    const { refusal, failure } = judgeTls(policy, seen, new Date());
    // Of what goes whatever policies say, reports among it, nothing is reported (RFC 8460 §3).
    if (policy.demand !== 'optional' && isIP(policy.host) === 0) {
      results.count(this.#domain, { policy: policy.published, failure, host: policy.host, address });
    }
    const outcome = refusal !== null ? 'refused' : seen.type === 'secured' ? 'secured' : 'clear';
    metrics.connections.inc({ policy: refusal?.by ?? whatCounts(policy), outcome });
    if (seen.type !== 'secured') await this.#missed(reasonOf(seen), refusal);
    if (refusal !== null) throw new HostFailure(outcomeOfRefusal(refusal, policy.host, this.#domain));
  }

  /** Keeps in mind that the host, which was accepted, has TLS. */
  async remember(peer: TlsPeer | null): Promise<void> {
    if (peer === null) return;
    const { memory, log } = this.#options;
    const { host } = this.policy;
    const keyHash = peerKeyHash(peer);
    const news = await memory.seen(nameOf(host), keyHash);
    if (news?.wasMissing) log.info({ host }, 'the server has TLS again');
    if (news?.hasNewKey) log.info({ host, key: keyHash.toString('base64') }, 'the server has another TLS key');
  }

  /** One that had TLS has none: somebody may be in between, who would like to read along. */
  async #missed(reason: string, refusal: TlsRefusal | null): Promise<void> {
    const { memory, log, patienceMs } = this.#options;
    const { host, demand } = this.policy;
    const missing = await memory.missing(nameOf(host), reason);
    if (missing === null) return;
    if (missing.isNew) log.warn({ host, reason }, 'the server had TLS and has none any more: mail for it waits');
    if (refusal !== null || demand === 'optional' || missing.forMs >= patienceMs) return;
    const hours = Math.max(1, Math.round((patienceMs - missing.forMs) / HOUR_MS));
    const text = `${host} had TLS before, and now ${reason}: not sent in the clear for another ${hours} h, lest somebody is in between`;
    throw new HostFailure(deferred('4.7.4', text));
  }
}

function whatCounts({ dane, sts, demand }: TlsPolicy): string {
  if (demand === 'optional') return 'none';
  if (dane !== null) return 'dane';
  if (sts?.mode === 'enforce') return 'mta-sts';
  return demand === 'required' ? 'requiretls' : 'none';
}

function reasonOf(seen: Exclude<SeenTls, { readonly type: 'secured' }>): string {
  return seen.type === 'not-offered' ? 'it offers none' : seen.reason;
}

/** Hosts without a name are remembered by their address. */
function nameOf(host: string): string {
  return isIP(host) === 0 ? host.toLowerCase() : host;
}

const POLICY_NAMES = { dane: 'DANE', 'mta-sts': 'MTA-STS', requiretls: 'REQUIRETLS' } as const;

/** RFC 3463 §3.8: X.7.4 for what is not offered, X.7.5 for what is not right; RFC 8689 §4.2.1 for what a message demands. */
function outcomeOfRefusal({ by, failure, isTemporary }: TlsRefusal, host: string, domain: string) {
  const detail = by === 'requiretls' ? '7.10' : failure.type === 'starttls-not-supported' ? '7.4' : '7.5';
  const text = `${host} is not trusted with mail for ${domain}: ${failure.reason} (${POLICY_NAMES[by]})`;
  return isTemporary ? deferred(`4.${detail}`, text) : failed(`5.${detail}`, text);
}
