import type { Resolver } from '@postel/dns';
import type { SmtpConnection } from '@postel/smtp-client';
import type { TlsDemand } from '@postel/tls-policy';
import { findAddresses, findHosts } from './find-hosts.ts';
import type { HostUse } from './host-use.ts';
import { ADDRESSES_A_HOST } from './limits.ts';
import { MailSession, type Place } from './mail-session.ts';
import { deferred, failed, HostFailure, type Outcome } from './outcome.ts';
import type { ReachableAddresses } from './reachable-addresses.ts';
import { type Outcomes, type Shipment, sendMessage } from './send-message.ts';
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
}

/**
 * Sends a message to recipients of one domain: to the first host that will have it, RFC 5321 §5.1.
 *
 * @param outcomes gets what came of each recipient, as soon as it is known
 * @param opened is given each connection, to break it off when it must
 * @returns the host that those who have no outcome are to wait for, as it has its fill; null if all have one
 */
export async function ship(
  way: Way,
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
      const place = { host, address, port: way.port, hostname: way.hostname, tls };
      const known = way.hosts.failureAt(address);
      const failure = known ?? (await sendThrough(way, place, shipment, outcomes, opened));
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
function demandOf({ envelope, isTlsOptional }: Shipment['message']): TlsDemand {
  if (envelope.requiresTls) return envelope.reversePath === '' ? 'none' : 'required';
  return isTlsOptional ? 'optional' : 'none';
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

/** @returns why this host will not do; null if it did */
async function sendThrough(
  { hosts, sessions }: Way,
  place: Place,
  shipment: Shipment,
  outcomes: Outcomes,
  opened: (connection: SmtpConnection) => void,
): Promise<HostFailure | null> {
  const use = async (session: MailSession): Promise<HostFailure | null> => {
    try {
      const recipients = shipment.recipients.filter((recipient) => !outcomes.has(recipient));
      await sendMessage(session, { ...shipment, recipients }, outcomes);
      sessions.put(place, session);
      return null;
    } catch (error) {
      session[Symbol.dispose]();
      if (error instanceof HostFailure) return error;
      throw error;
    }
  };
  const isDone = () => shipment.recipients.every((recipient) => outcomes.has(recipient));
  const idle = sessions.take(place);
  if (idle !== null) {
    opened(idle.connection);
    const failure = await use(idle);
    if (failure === null ? isDone() : !failure.isStale) return failure;
  }
  try {
    for (;;) {
      const failure = await use(await MailSession.open(place, opened));
      if (failure !== null || isDone()) return failure;
    }
  } catch (error) {
    const known = asHostFailure(error);
    if (known.outcome.status === '4.4.1') hosts.unreachable(place.address, known);
    return known;
  }
}

/** Of all the hosts that would not do. Only if each of them said so for good, it is. */
function summaryOf(failures: readonly HostFailure[], domain: string): Outcome {
  const telling = failures.filter(({ isNoRoute }) => !isNoRoute);
  const all = (telling.length > 0 ? telling : failures).map(({ outcome }) => outcome);
  const isForGood = all.every(({ type }) => type === 'failed');
  const last = all.findLast(({ type }) => (type === 'failed') === isForGood);
  return last ?? deferred('4.4.1', `No server of ${domain} was reached`);
}
