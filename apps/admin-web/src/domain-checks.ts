import type { Directory } from '@postel/directory';
import { type CheckedRecord, checkRecords, domainRecords } from '@postel/domain-records';
import type { DomainDns } from './domain-dns.ts';
import { CHECKED_DOMAINS, DOMAIN_CHECK_MS } from './limits.ts';
import type { CheckedDomain } from './schemas/health.ts';

interface DomainChecksOptions {
  readonly directory: Pick<Directory, 'listDomains' | 'dkimKeys'>;
  readonly dns: DomainDns;
  readonly onError: (error: unknown) => void;
  /** Epoch ms. */
  now(): number;
}

/** What a check has found. */
type Checked = Omit<CheckedDomain, 'domain'>;

/** Names that no DNS of the world knows (RFC 6761 §6.3, RFC 9476). */
const isPrivate = (domain: string) => /(?:^|\.)(?:localhost|alt|invalid|test)$/.test(domain);

/**
 * Whether the DNS has what the domains need, as it was when somebody looked last. Who asks gets what is known; what is old is looked for
 * anew meanwhile, one domain after the other.
 */
export class DomainChecks {
  readonly #options: DomainChecksOptions;
  readonly #known = new Map<string, Checked & { readonly at: number }>();
  #running: Promise<void> | null = null;

  constructor(options: DomainChecksOptions) {
    this.#options = options;
  }

  /** By name; those that were not looked for yet have no `checkedAt`. */
  async read(): Promise<readonly CheckedDomain[]> {
    const names = (await this.#options.directory.listDomains()).map(({ name }) => name);
    const domains = names.filter((name) => !isPrivate(name)).slice(0, CHECKED_DOMAINS);
    for (const name of this.#known.keys()) if (!domains.includes(name)) this.#known.delete(name);
    this.#running ??= this.#lookFor(domains).finally(() => {
      this.#running = null;
    });
    return domains.map((domain) => {
      const known = this.#known.get(domain);
      if (known === undefined) return { domain, checkedAt: null, troubles: [], unknown: 0 };
      const { at: _, ...checked } = known;
      return { domain, ...checked };
    });
  }

  /** Somebody has looked, and has seen this. */
  note(domain: string, records: readonly CheckedRecord[]): void {
    const at = this.#options.now();
    this.#known.set(domain, {
      at,
      checkedAt: new Date(at).toISOString(),
      troubles: records.filter(({ isTrouble }) => isTrouble).map(({ record }) => `${record.name} ${record.type}`),
      unknown: records.filter(({ state }) => state === 'unknown').length,
    });
  }

  async #lookFor(domains: readonly string[]): Promise<void> {
    const { directory, dns, onError, now } = this.#options;
    const { resolver, knowsDnssec } = dns;
    try {
      for (const domain of domains) {
        if (now() - (this.#known.get(domain)?.at ?? 0) < DOMAIN_CHECK_MS) continue;
        const [keys, host] = await Promise.all([directory.dkimKeys.list(domain), dns.host()]);
        this.note(domain, await checkRecords(domainRecords(domain, keys, host), { resolver, knowsDnssec, host }));
      }
    } catch (error) {
      onError(error);
    }
  }
}
