import { X509Certificate } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { clientMechanismNames } from '@postel/sasl';
import { formatFingerprint, parseFingerprint } from '@postel/tls-pubkey';
import { canonicalDomain } from '../domain-name.ts';
import { DirectoryError } from '../errors.ts';
import {
  ROUTE_CONNECTIONS,
  ROUTE_HOSTS,
  ROUTE_PEM_CHARACTERS,
  ROUTE_PINNED_KEYS,
  ROUTE_RECIPIENTS,
  ROUTE_SOURCES,
  ROUTE_TEXT_CHARACTERS,
  ROUTE_TLS_NAMES,
} from './limits.ts';

export const ROUTE_TLS_MODES = ['implicit', 'starttls', 'opportunistic', 'none'] as const;
type RouteTlsMode = (typeof ROUTE_TLS_MODES)[number];

/** A way by which mail leaves, but for its secrets. Plain values, as they are stored and compared. */
export type RouteSettings = {
  /** Smarthosts in the order in which they are tried, each `host:port`; none: the MX hosts of each domain. */
  readonly hosts: readonly string[];
  /** Of smarthosts: from the first octet (RFC 8314 §3.3), by STARTTLS or not at all, by STARTTLS if offered, or none. */
  readonly tls: RouteTlsMode;
  /** One of which their certificate has to be for; none: the name of the host. */
  readonly tlsNames: readonly string[];
  /** Who vouches for it, in PEM; null: the authorities that Node.js knows. */
  readonly authorities: string | null;
  /** SHA-256 of public keys (SubjectPublicKeyInfo), of which theirs has to be one, whatever its certificate says; none: by the certificate. */
  readonly pinnedKeys: readonly string[];
  /** Who we are there, and whom we act as; null: nobody. */
  readonly user: string | null;
  readonly actAs: string | null;
  /** Of SASL, in upper case; null: all but CRAM-MD5 and DIGEST-MD5. */
  readonly mechanisms: readonly string[] | null;
  /** Our own, in PEM, for the client key that is a secret; null: none is shown. */
  readonly certificate: string | null;
  /** By address: what EHLO says from there; null: the name of this server. None: the system chooses. */
  readonly sources: { readonly [address: string]: string | null };
  /** SOCKS5 (RFC 1928), `host:port`; null: none. */
  readonly proxy: string | null;
  readonly proxyUser: string | null;
  /** It is told who submitted a message: RFC 4954 §5. */
  readonly isTrusted: boolean;
  /** At the same time, and in one transaction; null: as everywhere. */
  readonly connections: number | null;
  readonly recipients: number | null;
};

/** The built-in route, to the MX hosts of each domain, is there always. */
export const DIRECT_ROUTE = 'direct';

export const DIRECT_SETTINGS: RouteSettings = {
  hosts: [],
  tls: 'starttls',
  tlsNames: [],
  authorities: null,
  pinnedKeys: [],
  user: null,
  actAs: null,
  mechanisms: null,
  certificate: null,
  sources: {},
  proxy: null,
  proxyUser: null,
  isTrusted: false,
  connections: null,
  recipients: null,
};

/** What of a route is sealed: see packages/routes. */
export const ROUTE_SECRET_NAMES = ['password', 'token', 'clientKey', 'proxyPassword'] as const;
export type RouteSecretName = (typeof ROUTE_SECRET_NAMES)[number];

/** The secrets of a route as they are stored. */
export interface SealedSecrets {
  readonly names: readonly RouteSecretName[];
  readonly octets: Buffer;
}

const ROUTE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** @throws {DirectoryError} 'invalid-name' */
export function acceptRouteName(name: string): string {
  if (!ROUTE_NAME.test(name)) {
    const form = 'up to 64 of a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit';
    throw new DirectoryError('invalid-name', `A route is named by ${form}`);
  }
  if (name === DIRECT_ROUTE) throw new DirectoryError('invalid-name', `The route ${DIRECT_ROUTE} is built in`);
  return name;
}

/** A host and a port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `smtp.example.net:465`, `192.0.2.1`, `[2001:db8::1]:25`. @returns null if it is none */
export function parseHostPort(text: string, defaultPort: number): HostAndPort | null {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const [, v6 = null, name = null, port = null] =
    /^(?:\[([0-9a-f:.]{2,45})\]|([^:[\]]{1,255}))(?::([0-9]{1,5}))?$/i.exec(text) ?? [];
  const given = v6 ?? name;
  if (given === null || (v6 !== null && !isIPv6(v6))) return null;
  const host = isIP(given) === 0 ? canonicalDomain(given) : given;
  const number = port === null ? defaultPort : Number(port);
  return host === null || number < 1 || number > 65_535 ? null : { host, port: number };
}

export function formatHostPort({ host, port }: HostAndPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

const SUBMISSIONS_PORT = 465;
const SUBMISSION_PORT = 587;
const SOCKS_PORT = 1080;

/**
 * The settings in their one form, as they are stored.
 *
 * @param secrets what the route has of them; null: that is not known yet, and may be nothing
 * @throws {DirectoryError} 'invalid-route', with what would be right
 */
export function acceptRouteSettings(given: RouteSettings, secrets: readonly RouteSecretName[] | null): RouteSettings {
  const { tls, user, actAs, proxyUser, certificate, isTrusted } = given;
  const hostPort = (text: string, port: number) => {
    const parsed = parseHostPort(text, port);
    if (parsed === null) throw invalid(`${JSON.stringify(text)} is no host, nor a host and a port`);
    return formatHostPort(parsed);
  };
  requireFew(given.hosts, ROUTE_HOSTS, 'hosts');
  requireFew(given.tlsNames, ROUTE_TLS_NAMES, 'TLS names');
  requireFew(given.pinnedKeys, ROUTE_PINNED_KEYS, 'pinned keys');
  requireFew(Object.keys(given.sources), ROUTE_SOURCES, 'source addresses');
  const hosts = unique(
    given.hosts.map((text) => hostPort(text, tls === 'implicit' ? SUBMISSIONS_PORT : SUBMISSION_PORT)),
  );
  const settings: RouteSettings = {
    hosts,
    tls,
    tlsNames: unique(given.tlsNames.map(acceptTlsName)),
    authorities: acceptPem(given.authorities, 'authorities'),
    pinnedKeys: unique(given.pinnedKeys.map(acceptPinnedKey)),
    user: acceptText(user, 'user name'),
    actAs: acceptText(actAs, 'name to act as'),
    mechanisms: acceptMechanisms(given.mechanisms),
    certificate: acceptPem(certificate, 'client certificate'),
    sources: Object.fromEntries(Object.entries(given.sources).map(acceptSource).toSorted(byFirst)),
    proxy: given.proxy === null ? null : hostPort(given.proxy, SOCKS_PORT),
    proxyUser: acceptText(proxyUser, 'user name for the proxy', 255),
    isTrusted,
    connections: acceptNumber(given.connections, ROUTE_CONNECTIONS, 'connections'),
    recipients: acceptNumber(given.recipients, ROUTE_RECIPIENTS, 'recipients in a transaction'),
  };
  requireSense(settings);
  if (secrets !== null) requireFittingSecrets(settings, new Set(secrets));
  return settings;
}

/** Nothing is set that nothing would read, and nothing goes where it would be seen. */
function requireSense(route: RouteSettings): void {
  const { hosts, tls, certificate, pinnedKeys, authorities, tlsNames, proxy, proxyUser } = route;
  const isKnownBy = pinnedKeys.length > 0 || authorities !== null || tlsNames.length > 0;
  if (hosts.length === 0) {
    if (isLoggedIn(route)) throw invalid('Only a smarthost is logged in to: say which host');
    if (isKnownBy || tls !== DIRECT_SETTINGS.tls) {
      throw invalid(
        'A route to the servers of each domain has the TLS that those ask for (DANE, MTA-STS): leave it out',
      );
    }
  }
  if (tls === 'none') {
    if (isKnownBy || certificate !== null) throw invalid('Without TLS there is no certificate and no key to look at');
    for (const text of hosts) {
      const { host = '' } = parseHostPort(text, SUBMISSION_PORT) ?? {};
      if (isIP(host) === 0 || isPrivateAddress(host)) continue;
      throw invalid(
        `${host} is in the world, where all on the way read what goes without TLS: use implicit or starttls`,
      );
    }
  }
  if (tls === 'opportunistic' && isKnownBy) {
    throw invalid('Where TLS may be taken away, whose it is helps nobody: use starttls');
  }
  if (pinnedKeys.length > 0 && (authorities !== null || tlsNames.length > 0)) {
    throw invalid('A host is known by its key, or by its certificate and authorities: not by both');
  }
  if (proxy === null && proxyUser !== null) throw invalid('There is no proxy to log in to');
}

function requireFittingSecrets(route: RouteSettings, secrets: ReadonlySet<RouteSecretName>): void {
  const { hosts, user, certificate, proxyUser } = route;
  const hasLoginSecret = (['password', 'token', 'clientKey'] as const).some((name) => secrets.has(name));
  if (hosts.length === 0 && hasLoginSecret) throw invalid('Only a smarthost is logged in to: say which host');
  if ((certificate === null) === secrets.has('clientKey')) {
    throw invalid('A client certificate and its key go together');
  }
  if (user === null && (secrets.has('password') || secrets.has('token'))) {
    throw invalid('Whose password or token is it? Say the user name');
  }
  if (isLoggedIn(route) && !hasLoginSecret) {
    throw invalid('With what is it logged in? Give a password, a token, or a client certificate with its key');
  }
  if ((proxyUser !== null) !== secrets.has('proxyPassword')) {
    throw invalid('The user name and the password of a proxy go together');
  }
}

/** It is to be: with what is for secrets to say. */
export function isLoggedIn({ user, actAs, mechanisms, certificate }: RouteSettings): boolean {
  return user !== null || actAs !== null || mechanisms !== null || certificate !== null;
}

/** Loopback and private networks (RFC 1918, RFC 4193, RFC 3927, RFC 4291 §2.5.6). */
export function isPrivateAddress(address: string): boolean {
  if (isIPv6(address)) return address === '::1' || /^f[cd]|^fe[89ab]/i.test(address);
  return /^(?:127|10)\.|^192\.168\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\./.test(address);
}

function acceptTlsName(text: string): string {
  const name = isIP(text) === 0 ? canonicalDomain(text) : text;
  if (name === null) throw invalid(`${JSON.stringify(text)} is no name that a certificate could have`);
  return name;
}

function acceptPinnedKey(text: string): string {
  const fingerprint = parseFingerprint(text);
  if (fingerprint === null)
    throw invalid(`${JSON.stringify(text)} is no SHA-256 of a public key, in hexadecimal or base64`);
  return formatFingerprint(fingerprint);
}

function acceptSource([address, ehlo]: [string, string | null]): [string, string | null] {
  if (isIP(address) === 0) throw invalid(`${JSON.stringify(address)} is no IP address`);
  const name = ehlo === null ? null : canonicalDomain(ehlo);
  if (ehlo !== null && name === null) throw invalid(`${JSON.stringify(ehlo)} is no host name, for EHLO to say`);
  return [address.toLowerCase(), name];
}

function acceptMechanisms(given: readonly string[] | null): readonly string[] | null {
  if (given === null) return null;
  const names = unique(given.map((name) => name.toUpperCase()));
  const wrong = names.find((name) => !clientMechanismNames.includes(name));
  if (wrong !== undefined) throw invalid(`${JSON.stringify(wrong)} is none of ${clientMechanismNames.join(', ')}`);
  if (names.length === 0) throw invalid('Of no mechanisms at all none can be used: leave them out for all');
  return names;
}

function acceptPem(text: string | null, what: string): string | null {
  if (text === null) return null;
  if (text.length > ROUTE_PEM_CHARACTERS)
    throw invalid(`The ${what} have more than ${ROUTE_PEM_CHARACTERS} characters`);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid(`The ${what} are no certificates in PEM`);
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    throw new DirectoryError('invalid-route', `The ${what} cannot be read as certificates`, { cause });
  }
  return `${blocks.join('\n')}\n`;
}

function acceptText(text: string | null, what: string, most = ROUTE_TEXT_CHARACTERS): string | null {
  if (text === null) return null;
  if (text === '' || Buffer.byteLength(text) > most || /[\u0000-\u001f\u007f]/.test(text)) {
    throw invalid(`The ${what} has from 1 to ${most} octets, and no control characters`);
  }
  return text;
}

function acceptNumber(number: number | null, most: number, what: string): number | null {
  if (number === null || (Number.isInteger(number) && number >= 1 && number <= most)) return number;
  throw invalid(`The number of ${what} is from 1 to ${most}`);
}

function requireFew(list: readonly unknown[], most: number, what: string): void {
  if (list.length > most) throw invalid(`A route has at most ${most} ${what}`);
}

const unique = (list: readonly string[]): readonly string[] => [...new Set(list)];
const byFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function invalid(message: string): DirectoryError {
  return new DirectoryError('invalid-route', message);
}
