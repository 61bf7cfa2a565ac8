import { type AddressFamily, askBlockList, type BlockListHealth, checkBlockList, type Resolver } from '@postel/dns';
import type { Logger } from '@postel/supervision';
import { DNSBL_CHECK_MS, DNSBL_RECHECK_MS } from './limits.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

/** A DNSBL that has an address. */
export interface Listing {
  readonly address: string;
  /** As people are told of it. */
  readonly list: string;
  /** What the list says about it, in a stranger's words. */
  readonly text: string | null;
}

interface BlockListsOptions {
  readonly resolver: Resolver;
  /** Where they begin in the DNS. */
  readonly zones: readonly string[];
  readonly metrics: Pick<SmtpMetrics, 'dnsblAnswers' | 'dnsblBelieved'>;
  readonly log: Logger;
  /** Milliseconds, of a clock that only goes forward. */
  now(): number;
}

/** A list as to addresses of one family: many have none of IPv6. */
interface BlockList {
  readonly zone: string;
  readonly name: string;
  readonly family: AddressFamily;
  /** Null: not known yet. */
  health: BlockListHealth | null;
  checkedMs: number;
  isInCheck: boolean;
}

/** Keys by which some lists know who pays them stand before the zone, and are nobody's business. */
const KEY = /^[a-z0-9]{20,}\./i;

/**
 * The DNSBLs (RFC 5782) that the operator trusts. A list is believed as long as its test entries are right, at the start and again and
 * again: those that were given up have come to list everybody.
 */
export class BlockLists {
  readonly #options: BlockListsOptions;
  readonly #lists: readonly BlockList[];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BlockListsOptions) {
    this.#options = options;
    const families: readonly AddressFamily[] = ['ipv4', 'ipv6'];
    this.#lists = options.zones.flatMap((zone) =>
      families.map((family) => ({
        zone,
        name: zone.replace(KEY, ''),
        family,
        health: null,
        checkedMs: 0,
        isInCheck: false,
      })),
    );
  }

  /** Checks the lists, now and regularly. */
  start(): void {
    if (this.#lists.length === 0) return;
    void this.check();
    this.#timer = setInterval(() => void this.check(), DNSBL_RECHECK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Checks the lists that are not believed, and those that have been for a while. */
  async check(): Promise<void> {
    const now = this.#options.now();
    const due = this.#lists.filter(({ health, checkedMs }) => health !== 'sound' || now - checkedMs >= DNSBL_CHECK_MS);
    await Promise.all(due.map((list) => this.#check(list)));
  }

  /** The believed lists that have an IP address. */
  async find(address: string): Promise<readonly Listing[]> {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const believed = this.#lists.filter((list) => list.family === family && list.health === 'sound');
    const found = await Promise.all(believed.map((list) => this.#ask(list, address)));
    return found.filter((listing) => listing !== null);
  }

  async #ask(list: BlockList, address: string): Promise<Listing | null> {
    const { resolver, metrics, now } = this.#options;
    const answer = await askBlockList(resolver, list.zone, address);
    metrics.dnsblAnswers.inc({ list: list.name, answer: answer.type });
    // Its servers may have gone, and who waits for them does so in vain.
    if (answer.type === 'no-answer' && now() - list.checkedMs >= DNSBL_RECHECK_MS) void this.#check(list);
    return answer.type === 'listed' ? { address, list: list.name, text: answer.text } : null;
  }

  async #check(list: BlockList): Promise<void> {
    if (list.isInCheck) return;
    const { resolver, metrics, log, now } = this.#options;
    list.isInCheck = true;
    const health = await checkBlockList(resolver, list.zone, list.family).catch((err: unknown) => {
      log.error({ err, list: list.name }, 'a DNSBL could not be checked');
      return 'no-answer' as const;
    });
    list.isInCheck = false;
    list.checkedMs = now();
    metrics.dnsblBelieved.set({ list: list.name, family: list.family }, health === 'sound' ? 1 : 0);
    if (health === list.health) return;
    const about = { list: list.name, family: list.family, health };
    const lacksIpv6 = list.health === null && list.family === 'ipv6';
    list.health = health;
    if (health === 'sound') log.info(about, 'the DNSBL is believed');
    else if (lacksIpv6) log.info(about, 'the DNSBL is not asked about IPv6');
    else log.warn(about, 'the DNSBL is not believed, and costs nobody anything until it is right again');
  }
}
