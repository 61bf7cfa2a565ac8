import { type AddressPrefixes, type CountLimit, DecayingCounts, prefixesOf } from '@postel/directory';
import { FAILURE_DELAY_MS, NETWORK_LIMITS, NETWORKS_KEPT } from './limits.ts';

/** What is counted of other servers, by the networks that they are in. */
export type Use = 'messages' | 'recipients' | 'failures';

/** How much of each there may be from a host, and from the networks around it. */
export type NetworkLimits = Readonly<Record<Use, Readonly<Record<keyof AddressPrefixes, CountLimit>>>>;

const SIZES = ['host', 'site', 'region'] as const;

interface NetworkUseOptions {
  /** Milliseconds, of a clock that only goes forward. */
  now(): number;
  /** Who is not counted. */
  isTrusted(address: string): boolean;
  readonly limits?: NetworkLimits;
}

/** How much comes from where, in this process: docs/receiving.md. It is forgotten by and by, and never more than NETWORKS_KEPT. */
export class NetworkUse {
  readonly #counts: Readonly<Record<Use, DecayingCounts>>;
  readonly #isTrusted: (address: string) => boolean;
  readonly #limits: NetworkLimits;

  constructor({ now, isTrusted, limits = NETWORK_LIMITS }: NetworkUseOptions) {
    const counts = () => new DecayingCounts({ maxEntries: NETWORKS_KEPT, now });
    this.#counts = { messages: counts(), recipients: counts(), failures: counts() };
    this.#isTrusted = isTrusted;
    this.#limits = limits;
  }

  /** What is full gets no fuller: else many connections at the same time would keep their network out for days. */
  add(address: string, use: Use): void {
    if (this.#isTrusted(address)) return;
    const counts = this.#counts[use];
    const prefixes = prefixesOf(address);
    for (const size of SIZES) {
      if (this.#waitMs(address, use, size) === 0) counts.add(prefixes[size], this.#limits[use][size].intervalMs);
    }
  }

  /** There is no room for one more, from the host or from a network around it. */
  isBeyond(address: string, use: Use): boolean {
    return !this.#isTrusted(address) && SIZES.some((size) => this.#waitMs(address, use, size) > 0);
  }

  /** The host failed too often; of the networks around it, others may be at fault. */
  isHostBeyond(address: string): boolean {
    return !this.#isTrusted(address) && this.#waitMs(address, 'failures', 'host') > 0;
  }

  /** How long the reply to one more failure waits: the longer, the more there were, and ever more from any of the networks. */
  failureDelayMs(address: string): number {
    if (this.#isTrusted(address)) return 0;
    const prefixes = prefixesOf(address);
    const { failures } = this.#limits;
    const fullness = SIZES.map((size) => this.#counts.failures.fullness(prefixes[size], failures[size]));
    return FAILURE_DELAY_MS * Math.min(1, Math.max(...fullness)) ** 2;
  }

  #waitMs(address: string, use: Use, size: keyof AddressPrefixes): number {
    return this.#counts[use].waitMs(prefixesOf(address)[size], this.#limits[use][size]);
  }
}
