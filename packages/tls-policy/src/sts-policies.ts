import type { Resolver } from '@postel/dns';
import { fetchStsPolicy, type StsWeb } from './fetch-sts-policy.ts';
import { FETCH_PAUSE_MS, REASON_CHARACTERS, REFRESHED_AT_ONCE } from './limits.ts';
import { parseStsPolicy, type StsPolicy } from './sts-policy.ts';
import { stsPolicyId } from './sts-record.ts';
import type { TlsFailure } from './tls-failure.ts';

/** What is known of the policy of a domain. */
export interface KeptPolicy {
  /** The newest one that was had; null if none was, or its time is over. */
  readonly policy: { readonly id: string; readonly text: string } | null;
  /** The last attempt at another one, if that failed. */
  readonly failure: { readonly id: string; readonly ageMs: number } | null;
}

/** Where policies are kept, for all processes of all hosts. */
export interface StsStore {
  /** @returns null if nothing is known of the domain */
  read(domain: string): Promise<KeptPolicy | null>;
  /** Keeps a policy in place of the one before. */
  keep(domain: string, id: string, text: string, maxAgeSeconds: number): Promise<void>;
  /** Keeps that a policy could not be had, beside the one of before. */
  keepFailure(domain: string, id: string, reason: string): Promise<void>;
  /** Policies that are kept and were not fetched for a while; nobody else is given them for a while. */
  takeStale(limit: number): Promise<readonly { readonly domain: string; readonly id: string }[]>;
}

/** What MTA-STS says of a domain. */
export interface Sts {
  /** Null if nothing. */
  readonly policy: StsPolicy | null;
  /** Why a policy that there is could not be had, which its domain is told (RFC 8461 §6). */
  readonly failure: TlsFailure | null;
  /** Whether that it has no policy is known, and not only that none was found. */
  readonly isCertain: boolean;
}

export interface StsPoliciesOptions {
  readonly store: StsStore;
  readonly resolver: Resolver;
  readonly web: StsWeb;
  /** RFC 8461 §3.3: the administrator is to know. */
  onFailure(domain: string, failure: TlsFailure): void;
}

/** The MTA-STS policies of domains: RFC 8461 §5.1. */
export class StsPolicies {
  readonly #options: StsPoliciesOptions;
  /** Fetches in hand, by domain and id. */
  readonly #fetching = new Map<string, Promise<Sts>>();

  constructor(options: StsPoliciesOptions) {
    this.#options = options;
  }

  /**
   * The policy that mail for a domain goes by: the newest, or the one that is kept as long as that may be, whatever comes of a look for
   * another one.
   *
   * @param domain in A-labels
   */
  async find(domain: string): Promise<Sts> {
    const { store, resolver } = this.#options;
    const kept = await store.read(domain);
    const policy = kept === null || kept.policy === null ? null : readKept(kept.policy.text);
    const answer = await resolver.lookUp(`_mta-sts.${domain}`, 'TXT');
    const id = answer.kind === 'found' ? stsPolicyId(answer.records) : null;
    const isAnswered = answer.kind !== 'temporary' && answer.kind !== 'bogus';
    if (id === null) return { policy, failure: null, isCertain: isAnswered };
    if (policy !== null && kept?.policy?.id === id) return { policy, failure: null, isCertain: true };
    const failed = kept?.failure ?? null;
    if (failed !== null && failed.id === id && failed.ageMs < FETCH_PAUSE_MS) {
      return { policy, failure: null, isCertain: false };
    }
    const fetched = await this.#fetch(domain, id);
    return { ...fetched, policy: fetched.policy ?? policy };
  }

  /** Fetches policies anew before they end, whatever their TXT records say: RFC 8461 §3.3. @returns how many there were */
  async refresh(): Promise<number> {
    const stale = await this.#options.store.takeStale(REFRESHED_AT_ONCE);
    await Promise.all(stale.map(({ domain, id }) => this.#fetch(domain, id)));
    return stale.length;
  }

  /** One fetch for all who want it at the same time. */
  async #fetch(domain: string, id: string): Promise<Sts> {
    const key = `${domain} ${id}`;
    const known = this.#fetching.get(key);
    if (known !== undefined) return await known;
    const fetching = this.#fetchNow(domain, id).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return await fetching;
  }

  async #fetchNow(domain: string, id: string): Promise<Sts> {
    const { store, web, onFailure } = this.#options;
    const fetched = await fetchStsPolicy(web, domain);
    if ('policy' in fetched) {
      await store.keep(domain, id, fetched.text, fetched.policy.maxAgeSeconds);
      return { policy: fetched.policy, failure: null, isCertain: true };
    }
    onFailure(domain, fetched);
    await store.keepFailure(domain, id, fetched.reason.slice(0, REASON_CHARACTERS));
    return { policy: null, failure: fetched, isCertain: false };
  }
}

/** It was in order when it was kept. */
function readKept(text: string): StsPolicy | null {
  const policy = parseStsPolicy(text);
  return typeof policy === 'string' ? null : policy;
}
