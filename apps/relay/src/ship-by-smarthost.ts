import { isIP } from 'node:net';
import { parseHostPort, type Route } from '@postel/directory';
import { openSmarthost, type RouteSecrets, type Source } from '@postel/routes';
import { type SmtpConnection, SmtpError } from '@postel/smtp-client';
import { findAddresses } from './find-hosts.ts';
import { ADDRESSES_A_HOST } from './limits.ts';
import { MailSession } from './mail-session.ts';
import { deferred, failed, HostFailure, type Outcome } from './outcome.ts';
import type { RouteTrouble } from './route-troubles.ts';
import type { Outcomes, Shipment } from './send-message.ts';
import { type Passage, sendThrough } from './send-through.ts';
import { demandOf, summaryOf, type Way } from './ship.ts';

/**
 * Sends a message to recipients of whichever domains by the first smarthost of a route that will have it. What is wrong with the route is
 * the operator's to repair: it defers mail, and never fails it.
 *
 * @param outcomes gets what came of each recipient, as soon as it is known
 * @param opened is given each connection, to break it off when it must
 * @returns the host that those who have no outcome are to wait for, as it has its fill; null if all have one
 */
export async function shipBySmarthost(
  way: Way,
  route: Route,
  shipment: Shipment,
  outcomes: Outcomes,
  opened: (connection: SmtpConnection) => void,
): Promise<string | null> {
  const { name, revision, settings } = route;
  const left = () => shipment.recipients.filter((recipient) => !outcomes.has(recipient));
  const settle = (outcome: Outcome) => {
    for (const recipient of left()) outcomes.set(recipient, outcome);
    return null;
  };
  const trouble = (what: RouteTrouble, text: string) => way.troubles.tell(name, what, text);
  let secrets: RouteSecrets;
  try {
    secrets = await way.routing.secretsOf(route);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    trouble('secrets', why);
    return settle(deferred('4.3.5', `The route ${name} cannot be used: ${why}`));
  }
  const failures: HostFailure[] = [];
  for (const text of settings.hosts) {
    const place = parseHostPort(text, 0);
    if (place === null) continue;
    const { host, port } = place;
    const addresses = await addressesOf(way, route, host);
    if (addresses instanceof HostFailure) {
      trouble('unreachable', addresses.message);
      failures.push(addresses);
      continue;
    }
    // Another one after each change: whatever was wrong may not be any more.
    const key = `route ${name} ${revision} ${text}`;
    using turn = way.hosts.begin(key);
    if (turn === null) return key;
    for (const address of addresses.slice(0, ADDRESSES_A_HOST)) {
      const source = await way.sources.choose(settings, settings.proxy === null ? (address ?? host) : '');
      if (source === null) {
        const why = `none of the source addresses of the route ${name} (${Object.keys(settings.sources).join(', ')}) is on this machine and fits ${address ?? host}`;
        trouble('source', why);
        failures.push(new HostFailure(deferred('4.3.5', `Cannot connect to ${host}: ${why}`), { isNoRoute: true }));
        continue;
      }
      const passage = passageOf({ way, route, secrets, host, port, address, source, key, shipment });
      const failure = await sendThrough(way, passage, shipment, outcomes, opened);
      if (failure !== null) failures.push(failure);
      if (left().length > 0) continue;
      way.troubles.isOver(name);
      turn.went(true);
      return null;
    }
    turn.went(false);
  }
  return settle(summaryOf(failures, `the route ${name}`));
}

/** Null in it: for the proxy to find. */
async function addressesOf(
  { resolver }: Way,
  { name, settings }: Route,
  host: string,
): Promise<readonly (string | null)[] | HostFailure> {
  if (settings.proxy !== null && isIP(host) === 0) return [null];
  const found = await findAddresses(resolver, host);
  if (Array.isArray(found)) return found;
  const { reply } = found as Outcome;
  return new HostFailure(deferred('4.4.3', `By the route ${name}: ${reply}`));
}

interface PassageParts {
  readonly way: Way;
  readonly route: Route;
  readonly secrets: RouteSecrets;
  readonly host: string;
  readonly port: number;
  readonly address: string | null;
  readonly source: Source;
  readonly key: string;
  readonly shipment: Shipment;
}

function passageOf({ way, route, secrets, host, port, address, source, key, shipment }: PassageParts): Passage {
  const { name, settings } = route;
  const at = `${key} ${address} ${source.address}`;
  const isTlsDemanded = demandOf(shipment.message) === 'required';
  return {
    key: at,
    address: at,
    async open(opened) {
      try {
        const found = await openSmarthost({ settings, secrets, host, port, address, source }, { opened });
        const { isTrusted, recipients } = settings;
        return MailSession.through(found.connection, found.extensions, {
          isVerified: found.isVerified,
          isTrusted,
          recipients,
        });
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        const [what, status] = TROUBLES[error.kind] ?? TROUBLES.protocol;
        way.troubles.tell(name, what, error.message);
        throw new HostFailure(deferred(status, `By the route ${name}: ${error.message}`), { cause: error });
      }
    },
    accept({ extensions, smarthost }) {
      if (!isTlsDemanded) return;
      if (smarthost?.isVerified !== true) {
        throw new HostFailure(
          failed(
            '5.7.10',
            `The message needs TLS with a server that is known, and the route ${name} does not make sure of ${host}`,
          ),
        );
      }
      if (!extensions.has('REQUIRETLS')) {
        throw new HostFailure(failed('5.7.30', `${host} does not promise to pass the message on under TLS alone`));
      }
    },
    // A login that was refused is not repeated at once for each message: who does that is shut out.
    isLasting: () => true,
  };
}

const TROUBLES: { readonly [kind in SmtpError['kind']]?: readonly [RouteTrouble, status: string] } & {
  readonly protocol: readonly [RouteTrouble, string];
} = {
  login: ['login', '4.7.8'],
  untrusted: ['tls', '4.7.5'],
  unreachable: ['unreachable', '4.4.1'],
  protocol: ['protocol', '4.5.0'],
};
