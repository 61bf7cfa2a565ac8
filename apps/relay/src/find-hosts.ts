import { isIP } from 'node:net';
import { lookUpAddresses, lookUpMx, type Resolver } from '@postel/dns';
import { HOSTS } from './limits.ts';
import { deferred, failed, type Outcome } from './outcome.ts';

/** Where mail to a domain goes, or why it goes nowhere. */
export type Hosts =
  | {
      readonly type: 'hosts';
      /** Names, or one address literal's address, in the order in which they are tried. */
      readonly names: readonly string[];
      /** DNSSEC says that they are the right ones. */
      readonly isAuthentic: boolean;
    }
  | { readonly type: 'none'; readonly outcome: Outcome };

/**
 * The hosts that take mail for a domain: RFC 5321 §5.1. Only what is certain makes mail fail.
 *
 * @param hostname ours: where it is among them, it and those behind it are left out, or mail would go round
 */
export async function findHosts(
  resolver: Resolver,
  domain: string,
  hostname: string,
  chance: () => number = Math.random,
): Promise<Hosts> {
  const literal = addressOf(domain);
  if (literal !== null) return { type: 'hosts', names: [literal], isAuthentic: true };
  const answer = await lookUpMx(resolver, domain);
  switch (answer.kind) {
    case 'found': {
      const own = answer.records.find(({ exchange }) => exchange === hostname.toLowerCase());
      const others = answer.records.filter((mx) => own === undefined || mx.preference < own.preference);
      if (others.length === 0)
        return none(failed('5.4.6', `Mail for ${domain} is to come here, which is not its server`));
      // RFC 5321 §5.1: those of the same preference in any order.
      const order = others.map((mx) => ({ ...mx, lot: chance() }));
      order.sort((a, b) => a.preference - b.preference || a.lot - b.lot);
      const names = [...new Set(order.map(({ exchange }) => exchange))].slice(0, HOSTS);
      return { type: 'hosts', names, isAuthentic: answer.authentic };
    }
    case 'null-mx':
      return none(failed('5.1.10', `${domain} takes no mail (RFC 7505)`)); // RFC 7504, RFC 7505 §4
    case 'nodata':
      if (domain === hostname.toLowerCase()) {
        return none(failed('5.4.6', `Mail for ${domain} is to come here, which is not its server`));
      }
      return { type: 'hosts', names: [domain], isAuthentic: answer.authentic };
    case 'nxdomain':
      return none(failed('5.1.2', `There is no domain ${domain}`));
    case 'temporary':
      return none(deferred('4.4.3', `The DNS does not say where mail for ${domain} goes: ${answer.reason}`));
    case 'bogus':
      return none(deferred('4.4.3', `What the DNS says of ${domain} is signed wrongly`));
    default:
      return answer satisfies never;
  }
}

/** Its addresses, IPv4 first: where the reverse names of IPv6 are not in order, many refuse mail for good. */
export async function findAddresses(resolver: Resolver, host: string): Promise<readonly string[] | Outcome> {
  if (isIP(host) !== 0) return [host];
  const answer = await lookUpAddresses(resolver, host);
  switch (answer.kind) {
    case 'found':
      return [...answer.records].sort((a, b) => isIP(a) - isIP(b));
    case 'nodata':
    case 'nxdomain':
      return failed('5.4.4', `The host ${host} has no address`);
    case 'temporary':
      return deferred('4.4.3', `The DNS does not say where the host ${host} is: ${answer.reason}`);
    case 'bogus':
      return deferred('4.4.3', `What the DNS says of the host ${host} is signed wrongly`);
    default:
      return answer satisfies never;
  }
}

function none(outcome: Outcome): Hosts {
  return { type: 'none', outcome };
}

/** RFC 5321 §4.1.3. */
function addressOf(domain: string): string | null {
  const [, address = null] = /^\[(?:ipv6:)?(.+)\]$/i.exec(domain) ?? [];
  return address;
}
