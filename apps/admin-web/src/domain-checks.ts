import type { Directory, DomainSummary } from '@postel/directory';
import { type CheckedRecord, checkRecords, domainRecords } from '@postel/domain-records';
import type { DomainDns } from './domain-dns.ts';
import { CHECKED_DOMAINS, DOMAIN_CHECK_MS } from './limits.ts';
import type { CheckedDomain } from './schemas/health.ts';

interface DomainChecksOptions {
  readonly directory: Pick<Directory, 'listDomains'> & { readonly dkimKeys: Pick<Directory['dkimKeys'], 'list'> };
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
    const all = await this.#options.directory.listDomains();
    const domains = all.filter(({ name }) => !isPrivate(name)).slice(0, CHECKED_DOMAINS);
    const names = new Set(domains.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    this.#running ??= this.#lookFor(domains).finally(() => {
      this.#running = null;
    });
    return domains.map(({ name: domain }) => {
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

  async #lookFor(domains: readonly Pick<DomainSummary, 'name' | 'mtaSts'>[]): Promise<void> {
    const { directory, dns, onError, now } = this.#options;
    const { resolver, knowsDnssec } = dns;
    try {
      for (const { name: domain, mtaSts } of domains) {
        if (now() - (this.#known.get(domain)?.at ?? 0) < DOMAIN_CHECK_MS) continue;
        const [keys, host] = await Promise.all([directory.dkimKeys.list(domain), dns.host()]);
        const records = domainRecords(domain, keys, host, { mtaSts });
        this.note(domain, await checkRecords(records, { resolver, knowsDnssec, host, mtaSts }));
      }
    } catch (error) {
      onError(error);
    }
  }
}
