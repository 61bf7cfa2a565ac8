import type { ChangedRoute, Route } from '../../../src/schemas/routes.ts';
import { FormError } from '../form-error.ts';

/** By what a smarthost is known: a certificate for its own name, one for other names, or its public key. */
export type KnownBy = 'host' | 'names' | 'keys';

/** A route as a form has it: all of it texts, and secrets only if somebody has typed them. */
export interface RouteDraft {
  readonly name: string;
  /** Not to a smarthost, but to the servers of each domain. */
  readonly isToDomains: boolean;
  readonly hosts: string;
  readonly tls: string;
  readonly knownBy: KnownBy;
  readonly tlsNames: string;
  readonly authorities: string;
  readonly pinnedKeys: string;
  readonly user: string;
  readonly password: string;
  readonly dropsPassword: boolean;
  readonly token: string;
  readonly dropsToken: boolean;
  readonly actAs: string;
  readonly mechanisms: string;
  readonly certificate: string;
  readonly clientKey: string;
  /** A line for each: the address, and after `=` what EHLO says from there. */
  readonly sources: string;
  readonly proxy: string;
  readonly proxyUser: string;
  readonly proxyPassword: string;
  readonly isTrusted: boolean;
  readonly connections: string;
  readonly recipients: string;
}

export type RouteWish = ChangedRoute & { readonly name?: string };

/** @param route null: a new one */
export function draftOf(route: Route | null): RouteDraft {
  return {
    name: '',
    isToDomains: route !== null && route.hosts.length === 0,
    hosts: route?.hosts.join(', ') ?? '',
    tls: route === null || route.hosts.length === 0 ? 'implicit' : route.tls,
    knownBy: knownBy(route),
    tlsNames: route?.tlsNames.join(', ') ?? '',
    authorities: route?.authorities ?? '',
    pinnedKeys: route?.pinnedKeys.join('\n') ?? '',
    user: route?.user ?? '',
    password: '',
    dropsPassword: false,
    token: '',
    dropsToken: false,
    actAs: route?.actAs ?? '',
    mechanisms: route?.mechanisms?.join(', ') ?? '',
    certificate: route?.certificate ?? '',
    clientKey: '',
    sources: Object.entries(route?.sources ?? {})
      .map(([address, ehlo]) => (ehlo === null ? address : `${address}=${ehlo}`))
      .join('\n'),
    proxy: route?.proxy ?? '',
    proxyUser: route?.proxyUser ?? '',
    proxyPassword: '',
    isTrusted: route?.isTrusted ?? false,
    connections: textOf(route?.connections),
    recipients: textOf(route?.recipients),
  };
}

/** Whether it has anything that a form shows when it is asked for. */
export function hasMore(route: Route): boolean {
  const { tlsNames, authorities, pinnedKeys, actAs, mechanisms, certificate, sources, proxy, secrets } = route;
  const { isTrusted, connections, recipients } = route;
  return (
    [...tlsNames, ...pinnedKeys, ...Object.keys(sources)].length > 0 ||
    [authorities, actAs, mechanisms, certificate, proxy, connections, recipients].some((value) => value !== null) ||
    secrets.includes('token') ||
    isTrusted
  );
}

/** What is to be asked for: all that a form shows. @throws {FormError} */
export function wishOf(draft: RouteDraft, route: Route | null): RouteWish {
  const { name, isToDomains, tls } = draft;
  const proxy = orNull(draft.proxy);
  const proxyUser = proxy === null ? null : orNull(draft.proxyUser);
  const common = {
    ...(route === null ? { name: name.trim() } : {}),
    sources: sourcesOf(draft.sources),
    proxy,
    proxyUser,
    connections: numberOf(draft.connections, 'transactions'),
    recipients: numberOf(draft.recipients, 'recipients'),
  };
  const user = isToDomains ? null : orNull(draft.user);
  const certificate = isToDomains || tls === 'none' ? null : orNull(draft.certificate);
  if (!isToDomains && user === null && (draft.password !== '' || draft.token !== ''))
    throw new FormError('Say whose password or token it is: the user name is missing.');
  const secrets = {
    ...secretOf(
      'password',
      user === null || draft.dropsPassword ? '' : draft.password,
      user === null || draft.dropsPassword,
      route,
    ),
    ...secretOf(
      'token',
      user === null || draft.dropsToken ? '' : draft.token.trim(),
      user === null || draft.dropsToken,
      route,
    ),
    ...secretOf('clientKey', certificate === null ? '' : draft.clientKey, certificate === null, route),
    ...secretOf('proxyPassword', proxyUser === null ? '' : draft.proxyPassword, proxyUser === null, route),
  };
  const given = Object.keys(secrets).length === 0 ? {} : { secrets };
  if (isToDomains) {
    // It is never logged in to, and has the TLS that each domain asks for.
    const wasToDomains = route !== null && route.hosts.length === 0;
    return { ...common, ...TO_DOMAINS, isTrusted: wasToDomains && route.isTrusted, ...given };
  }
  const isCertain = tls === 'implicit' || tls === 'starttls';
  const by = isCertain ? draft.knownBy : null;
  return {
    ...common,
    hosts: listOf(draft.hosts),
    tls: modeOf(tls),
    tlsNames: by === 'names' ? listOf(draft.tlsNames) : [],
    authorities: by === 'host' || by === 'names' ? orNull(draft.authorities) : null,
    pinnedKeys: by === 'keys' ? listOf(draft.pinnedKeys) : [],
    user,
    actAs: orNull(draft.actAs),
    mechanisms: draft.mechanisms.trim() === '' ? null : listOf(draft.mechanisms),
    certificate,
    isTrusted: draft.isTrusted,
    ...given,
  };
}

const TO_DOMAINS = {
  hosts: [],
  tls: 'starttls',
  tlsNames: [],
  authorities: null,
  pinnedKeys: [],
  user: null,
  actAs: null,
  mechanisms: null,
  certificate: null,
} satisfies RouteWish;

function knownBy(route: Route | null): KnownBy {
  if (route === null) return 'host';
  return route.pinnedKeys.length > 0 ? 'keys' : route.tlsNames.length > 0 ? 'names' : 'host';
}

/** What of a secret is to be said: that it is another one, that it goes, or nothing. */
function secretOf(name: string, typed: string, isGone: boolean, route: Route | null): Record<string, string | null> {
  if (typed !== '') return { [name]: typed };
  return isGone && route?.secrets.includes(name) === true ? { [name]: null } : {};
}

/** Names of SASL, hosts, keys: none of them has a space in it. */
const listOf = (text: string) => text.split(/[\s,;]+/).filter((part) => part !== '');
const orNull = (text: string) => (text.trim() === '' ? null : text.trim());
const textOf = (limit: number | null | undefined) => (limit === null || limit === undefined ? '' : String(limit));

function sourcesOf(text: string): Record<string, string | null> {
  const pairs = listOf(text).map((part): [string, string | null] => {
    const at = part.indexOf('=');
    return at === -1 ? [part, null] : [part.slice(0, at), orNull(part.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

function modeOf(text: string): NonNullable<RouteWish['tls']> {
  const mode = (['implicit', 'starttls', 'opportunistic', 'none'] as const).find((each) => each === text);
  if (mode === undefined) throw new FormError(`“${text}” is no kind of TLS.`);
  return mode;
}

function numberOf(text: string, what: string): number | null {
  if (text.trim() === '') return null;
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new FormError(`“${text}” is no whole number of ${what}.`);
  return number;
}
