import { DIRECT_ROUTE, type RouteSettings, type RouteSummary } from '@postel/directory';
import { SourceAddresses } from '@postel/routes';
import type { Terminal } from '../terminal.ts';

/** Where it goes, in few words. */
export function wayOf({ hosts }: Pick<RouteSettings, 'hosts'>): string {
  return hosts.length === 0 ? 'the servers of each domain' : hosts.join(', ');
}

/** All of it but secrets, by lines of a name and a value. */
export function linesOf(route: RouteSummary): readonly (readonly [name: string, value: string])[] {
  const { hosts, tls, tlsNames, authorities, pinnedKeys, user, actAs, mechanisms, certificate, sources } = route;
  const { proxy, proxyUser, isTrusted, connections, recipients, secrets, isDefault, rules } = route;
  const shown: readonly (readonly [string, string | null])[] = [
    ['route', route.name],
    ['goes to', wayOf(route)],
    ['TLS', hosts.length === 0 ? null : tls],
    ['certificate for', tlsNames.length === 0 ? null : tlsNames.join(', ')],
    ['authorities', authorities === null ? null : `${authorities.split('BEGIN CERTIFICATE').length - 1} of its own`],
    ['server key', pinnedKeys.length === 0 ? null : pinnedKeys.join(', ')],
    ['user', user],
    ['acts as', actAs],
    ['mechanisms', mechanisms === null ? null : mechanisms.join(', ')],
    ['client certificate', certificate === null ? null : 'yes'],
    ['secrets', secrets.length === 0 ? null : secrets.join(', ')],
    [
      'from',
      Object.keys(sources).length === 0
        ? null
        : Object.entries(sources)
            .map(([address, ehlo]) => (ehlo === null ? address : `${address} as ${ehlo}`))
            .join(', '),
    ],
    ['proxy', proxy === null ? null : `${proxy}${proxyUser === null ? '' : `, as ${proxyUser}`}`],
    ['told who submits', isTrusted ? 'yes' : null],
    ['connections', connections === null ? null : String(connections)],
    ['recipients', recipients === null ? null : `${recipients} in a transaction`],
    ['default', isDefault ? 'yes' : null],
    ['rules', String(rules)],
  ];
  return shown.flatMap(([name, value]) => (value === null ? [] : [[`${name}:`, value] as const]));
}

/** Addresses that this machine has not may be another host's. */
export async function noteStrangeSources(terminal: Terminal, sources: RouteSettings['sources']): Promise<void> {
  const own = new SourceAddresses(DIRECT_ROUTE);
  for (const address of Object.keys(sources)) {
    if (await own.isOurs(address)) continue;
    terminal.warn(
      `${address} is not on this machine. Mail goes from it on a host that has it, and waits where no address of the route is.`,
    );
  }
}
