import { isIP } from 'node:net';
import { DIRECT_ROUTE, type Route } from '@postel/directory';
import type { Resolver } from '@postel/dns';
import { routeProxy, type SourceAddresses } from '@postel/routes';
import type { SmtpConnection, SocksProxy } from '@postel/smtp-client';
import type { TlsDemand } from '@postel/tls-policy';
import { findAddresses, findHosts } from './find-hosts.ts';
import type { HostUse } from './host-use.ts';
import { ADDRESSES_A_HOST } from './limits.ts';
import { MailSession, type Place } from './mail-session.ts';
import { deferred, failed, HostFailure, type Outcome } from './outcome.ts';
import type { ReachableAddresses } from './reachable-addresses.ts';
import type { RouteTroubles } from './route-troubles.ts';
import type { Routing } from './routing.ts';
import type { Outcomes, Shipment } from './send-message.ts';
import { type Passage, sendThrough } from './send-through.ts';
import type { SessionPool } from './session-pool.ts';
import type { TlsGuard } from './tls-guard.ts';

/** What sending needs of the rest. */
export interface Way {
  readonly resolver: Resolver;
  readonly reachable: ReachableAddresses;
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsGuard;
  readonly hosts: HostUse;
  readonly sessions: SessionPool;
  readonly routing: Pick<Routing, 'secretsOf'>;
  readonly sources: SourceAddresses;
  readonly troubles: RouteTroubles;
}

/**
 * Sends a message to recipients of one domain: to the first host that will have it, RFC 5321 §5.1.
 *
 * @param route says from which address, and by which proxy
 * @param outcomes gets what came of each recipient, as soon as it is known
 * @param opened is given each connection, to break it off when it must
 * @returns the host that those who have no outcome are to wait for, as it has its fill; null if all have one
 */
export async function ship(
  way: Way,
  route: Route,
  domain: string,
  shipment: Shipment,
  outcomes: Outcomes,
  opened: (connection: SmtpConnection) => void,
): Promise<string | null> {
  const hosts = await findHosts(way.resolver, domain, way.hostname);
  const left = () => shipment.recipients.filter((recipient) => !outcomes.has(recipient));
  const settle = (outcome: Outcome) => {
    for (const recipient of left()) outcomes.set(recipient, outcome);
    return null;
  };
  if (hosts.type === 'none') return settle(hosts.outcome);

  const proxy = await proxyOf(way, route);
  if (proxy instanceof HostFailure) return settle(proxy.outcome);
  const domainTls = await way.tls.ofDomain(domain, demandOf(shipment.message));
  const failures: HostFailure[] = [];
  for (const host of hosts.names) {
    const addresses = await findAddresses(way.resolver, host);
    if (!Array.isArray(addresses)) {
      failures.push(new HostFailure(addresses as Outcome));
      continue;
    }
    const usable = addresses.filter((address: string) => way.reachable.includes(address));
    // RFC 5321 §5.1: this machine in the list ends it.
    const isOwn = addresses.some((address: string) => way.reachable.isOwn(address));
    if (usable.length === 0) {
      failures.push(new HostFailure(failed(...nowhere(host, domain, isOwn))));
      if (isOwn) break;
      continue;
    }
    const tls = await way.tls.ofHost(domainTls, host, hosts.isAuthentic).catch(asHostFailure);
    if (tls instanceof HostFailure) {
      failures.push(tls);
      continue;
    }
    using turn = way.hosts.begin(host);
    if (turn === null) return host;
    for (const address of usable.slice(0, ADDRESSES_A_HOST)) {
      const source = await way.sources.choose(route.settings, proxy === null ? address : '');
      if (source === null) {
        failures.push(noSource(way, route, address));
        continue;
      }
      const passage = passageOf({ host, address, port: way.port, source, proxy, tls }, route);
      const failure = await sendThrough(way, passage, shipment, outcomes, opened);
      if (failure !== null) failures.push(failure);
      if (left().length > 0) continue;
      turn.went(true);
      return null;
    }
    turn.went(false);
  }
  return settle(summaryOf(failures, domain));
}

/** RFC 8689 §4.2.1; a report is not lost for the want of TLS (§5). */
export function demandOf({ envelope, isTlsOptional }: Shipment['message']): TlsDemand {
  if (envelope.requiresTls) return envelope.reversePath === '' ? 'none' : 'required';
  return isTlsOptional ? 'optional' : 'none';
}

/** @returns null if there is none */
async function proxyOf({ routing, troubles }: Way, route: Route): Promise<SocksProxy | null | HostFailure> {
  if (route.settings.proxy === null) return null;
  try {
    return routeProxy(route.settings, await routing.secretsOf(route));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    troubles.tell(route.name, 'secrets', why);
    return new HostFailure(deferred('4.3.5', `The route ${route.name} cannot be used: ${why}`));
  }
}

function noSource({ troubles }: Way, { name, settings }: Route, address: string): HostFailure {
  const all = Object.keys(settings.sources);
  const why = `none of the source addresses of the route ${name} (${all.join(', ')}) is on this machine and fits ${address}`;
  // Of a route that has addresses of one family alone, the other one is no trouble.
  if (all.some((source) => isIP(source) === isIP(address))) troubles.tell(name, 'source', why);
  return new HostFailure(deferred('4.3.5', why), { isNoRoute: true });
}

function passageOf(place: Place, { name, revision, settings }: Route): Passage {
  // By the built-in route an address that does not answer is the same for all.
  const by = name === DIRECT_ROUTE ? '' : ` by ${name} ${revision}`;
  return {
    key: `${sessionKeyOf(place)}${by}`,
    address: `${place.address}${by}`,
    open: (opened) => MailSession.open(place, opened, settings.recipients),
    accept: () => {},
    isLasting: ({ outcome }) => outcome.status === '4.4.1',
  };
}

/** What was judged when it was opened holds for other domains if the same has to hold for them. */
function sessionKeyOf({ host, address, port, source, tls }: Place): string {
  const { serverName, dane, sts, demand } = tls.policy;
  return JSON.stringify([host, address, port, source.address, serverName, dane, sts, demand]);
}

function nowhere(host: string, domain: string, isOwn: boolean): readonly [status: string, text: string] {
  return isOwn
    ? ['5.4.6', `The mail server ${host} of ${domain} is this machine, which has no such domain`]
    : ['5.4.4', `The mail server ${host} of ${domain} has an address that is nowhere in the world`];
}

function asHostFailure(error: unknown): HostFailure {
  if (error instanceof HostFailure) return error;
  throw error;
}

/** Of all the hosts that would not do. Only if each of them said so for good, it is. */
export function summaryOf(failures: readonly HostFailure[], whose: string): Outcome {
  const telling = failures.filter(({ isNoRoute }) => !isNoRoute);
  const all = (telling.length > 0 ? telling : failures).map(({ outcome }) => outcome);
  const isForGood = all.every(({ type }) => type === 'failed');
  const last = all.findLast(({ type }) => (type === 'failed') === isForGood);
  return last ?? deferred('4.4.1', `No server of ${whose} was reached`);
}
