import { type AddressPrefixes, NetworkList, prefixesOf } from '@postel/directory';

/** How many connections may be open from the networks around one address. */
export type PrefixConnections = Readonly<Record<keyof AddressPrefixes, number>>;

/**
 * A company behind one address has 50 people with two devices of five connections each; a provider puts a whole town behind
 * a few.
 */
export const PREFIX_CONNECTIONS: PrefixConnections = { host: 500, site: 1_000, region: 3_000 };

const SIZES = ['host', 'site', 'region'] as const;
/** Of a proxy or a web mail program on this machine. */
const LOOPBACK = ['127.0.0.1/32', '::1/128'];

/** Counts open connections, by where they come from. */
export class ConnectionCount {
  readonly #byPrefix = new Map<string, number>();
  readonly #limits: PrefixConnections;
  readonly #trusted: NetworkList;
  #all = 0;

  /** @param trustedNetworks as CIDR: they are not limited, beside loopback */
  constructor(trustedNetworks: readonly string[], limits = PREFIX_CONNECTIONS) {
    this.#trusted = new NetworkList([...LOOPBACK, ...trustedNetworks]);
    this.#limits = limits;
  }

  get all(): number {
    return this.#all;
  }

  /** Counts one more. @returns until it is closed, whether there are more from there than may be, it included */
  enter(address: string): ConnectionPlace {
    const isTrusted = this.isTrusted(address);
    const prefixes = prefixesOf(address);
    const names = isTrusted ? [] : SIZES.map((size) => prefixes[size]);
    for (const name of names) this.#byPrefix.set(name, (this.#byPrefix.get(name) ?? 0) + 1);
    this.#all++;
    const isBeyond = !isTrusted && SIZES.some((size) => (this.#byPrefix.get(prefixes[size]) ?? 0) > this.#limits[size]);
    return { isBeyond, leave: () => this.#leave(names) };
  }

  isTrusted(address: string): boolean {
    return this.#trusted.includes(address);
  }

  #leave(names: readonly string[]): void {
    this.#all--;
    for (const name of names) {
      const count = (this.#byPrefix.get(name) ?? 0) - 1;
      if (count > 0) this.#byPrefix.set(name, count);
      else this.#byPrefix.delete(name);
    }
  }
}

/** What a connection has of the count. */
export interface ConnectionPlace {
  /** Too many were open from around its address when it came. */
  readonly isBeyond: boolean;
  /** To be called once, when it is closed. */
  leave(): void;
}
