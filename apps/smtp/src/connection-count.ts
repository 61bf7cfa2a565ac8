import { isIPv6 } from 'node:net';
import { CONNECTIONS, CONNECTIONS_AN_ADDRESS } from './limits.ts';
import { replies, type SmtpReply } from './replies.ts';

/** Counts connections, all and by who they come from. */
export class ConnectionCount {
  readonly #byParty = new Map<string, number>();
  #all = 0;

  /** Counts one more. @returns why it may not come in, if so */
  enter(address: string): SmtpReply | null {
    const party = partyOf(address);
    const count = (this.#byParty.get(party) ?? 0) + 1;
    this.#byParty.set(party, count);
    this.#all++;
    if (this.#all > CONNECTIONS) return replies.tooManyConnections;
    return count > CONNECTIONS_AN_ADDRESS && !isLoopback(party) ? replies.tooManyFromAddress : null;
  }

  /** To be called once for each `enter`. */
  leave(address: string): void {
    const party = partyOf(address);
    const count = (this.#byParty.get(party) ?? 0) - 1;
    if (count > 0) this.#byParty.set(party, count);
    else this.#byParty.delete(party);
    this.#all--;
  }
}

/**
 * Whom an address stands for. With IPv6 that is its /64: so many addresses each network has (RFC 4291 §2.5.1), and a host
 * of it may take another for each connection. Where all the Internet of IPv4 comes through a translator, its
 * addresses stand in one prefix (RFC 6052 §2.1), and each counts by itself.
 */
function partyOf(address: string): string {
  const ipv4 = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  if (!isIPv6(address) || address === '::1' || /^64:ff9b::/i.test(address)) return address;
  const [before = '', after = ''] = address.split('::');
  const head = groupsOf(before);
  const tail = groupsOf(after);
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}

/** The groups of one side of `::`, of 16 bits each; zeros at their beginning do not count. */
function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':').map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
}

function isLoopback(party: string): boolean {
  return party === '::1' || /^127\.[0-9]/.test(party);
}
