import { createSocket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import type { RouteSettings } from '@postel/directory';
import { OWN_ADDRESS_MS } from './limits.ts';

/** Where a connection comes from. */
export interface Source {
  /** Null: as the system chooses. */
  readonly address: string | null;
  /** What EHLO says. */
  readonly ehlo: string;
}

interface Known {
  readonly isOurs: boolean;
  readonly sinceMs: number;
}

/** Which of the source addresses of routes this machine has: hosts that share routes have theirs each. */
export class SourceAddresses {
  readonly #hostname: string;
  readonly #now: () => number;
  readonly #chance: () => number;
  readonly #known = new Map<string, Known>();

  /** @param hostname what EHLO says where a route does not */
  constructor(hostname: string, { now = () => performance.now(), chance = Math.random } = {}) {
    this.#hostname = hostname;
    this.#now = now;
    this.#chance = chance;
  }

  /**
   * One of those that a route has and this machine too, for a target of the same family; null if there is none.
   *
   * @param target an IP address; a name is for whoever the system finds by it, and any address
   */
  async choose({ sources }: Pick<RouteSettings, 'sources'>, target: string): Promise<Source | null> {
    const all = Object.entries(sources);
    if (all.length === 0) return { address: null, ehlo: this.#hostname };
    const family = isIP(target);
    const own: Source[] = [];
    for (const [address, ehlo] of all) {
      if (family !== 0 && isIP(address) !== family) continue;
      if (await this.isOurs(address)) own.push({ address, ehlo: ehlo ?? this.#hostname });
    }
    return own[Math.floor(this.#chance() * own.length)] ?? null;
  }

  /** Whether this machine can send from an address. */
  async isOurs(address: string): Promise<boolean> {
    const known = this.#known.get(address);
    if (known !== undefined && this.#now() - known.sinceMs < OWN_ADDRESS_MS) return known.isOurs;
    const isOurs = await canBind(address);
    // As many as routes have, which are limited; but those of routes that went are not kept for ever.
    if (this.#known.size > 10_000) this.#known.clear();
    this.#known.set(address, { isOurs, sinceMs: this.#now() });
    return isOurs;
  }
}

/** The list of interfaces does not tell of all of 127.0.0.0/8, nor of networks that are routed here. */
async function canBind(address: string): Promise<boolean> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('error', () => resolve(false));
  socket.bind({ address, port: 0, exclusive: true }, () => resolve(true));
  return await promise.finally(() => socket.close());
}
