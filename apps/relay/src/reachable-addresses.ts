import { BlockList, isIPv6 } from 'node:net';
import type { NetworkList } from '@postel/directory';

/** Nobody in the world has these (RFC 6890): who names one as their mail server means this machine, or one beside it. */
const NO_IPV4 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  NO_IPV4.addSubnet(network, prefix, 'ipv4');
}
/** With IPv4 in other clothes (RFC 4291 §2.5.5, RFC 6052, RFC 8215, RFC 3056, RFC 4380): no mail server has such an address alone. */
const NO_IPV6 = new BlockList();
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  NO_IPV6.addSubnet(network, prefix, 'ipv6');
}

/** To which addresses mail may go. */
export class ReachableAddresses {
  readonly #allowed: Pick<NetworkList, 'includes'>;
  readonly #ownAddresses: () => ReadonlySet<string>;

  /**
   * @param allowed private ones that the operator names
   * @param ownAddresses those of this machine
   */
  constructor(allowed: Pick<NetworkList, 'includes'>, ownAddresses: () => ReadonlySet<string>) {
    this.#allowed = allowed;
    this.#ownAddresses = ownAddresses;
  }

  includes(address: string): boolean {
    if (this.#allowed.includes(address)) return true;
    const isNowhere = isIPv6(address) ? NO_IPV6.check(address, 'ipv6') : NO_IPV4.check(address, 'ipv4');
    return !isNowhere && !this.isOwn(address);
  }

  /** This machine: mail for it would come back here (RFC 5321 §5.1). */
  isOwn(address: string): boolean {
    return !this.#allowed.includes(address) && this.#ownAddresses().has(address);
  }
}
