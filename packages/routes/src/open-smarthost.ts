import { X509Certificate } from 'node:crypto';
import { isLoggedIn, isPrivateAddress, parseHostPort, type RouteSettings } from '@postel/directory';
import type { ClientCredentials } from '@postel/sasl';
import {
  type ClientIdentity,
  extensionsOf,
  logIn,
  type ServerCertificate,
  type ServerTrust,
  SmtpConnection,
  SmtpError,
  type SocksProxy,
  type TlsSettings,
  textOf,
} from '@postel/smtp-client';
import { type Fingerprint, parseFingerprint, readClientKey } from '@postel/tls-pubkey';

import { CONNECT_MS, REPLY_MS } from './limits.ts';
import type { RouteSecrets } from './route-secrets.ts';
import type { Source } from './source-addresses.ts';

/** A smarthost to connect to, by a route. */
export interface SmarthostPlace {
  readonly settings: RouteSettings;
  readonly secrets: RouteSecrets;
  readonly host: string;
  readonly port: number;
  /** An IP address; null: the proxy finds it. */
  readonly address: string | null;
  readonly source: Source;
}

/** What a connection has come to, for who watches. */
export type SmarthostStep =
  | { readonly type: 'connected'; readonly greeting: string }
  | {
      readonly type: 'secured';
      readonly protocol: string;
      readonly certificate: ServerCertificate | null;
      readonly isVerified: boolean;
    }
  | { readonly type: 'in-the-clear' }
  | { readonly type: 'greeted'; readonly extensions: ReadonlyMap<string, string> }
  | { readonly type: 'logged-in'; readonly mechanism: string };

export interface OpenOptions {
  /** Is given the connection at once, to break it off when it must. */
  readonly opened?: (connection: SmtpConnection) => void;
  readonly step?: (step: SmarthostStep) => void;
  readonly replyMs?: number;
}

/** A connection on which mail may be sent. */
export interface OpenedSmarthost {
  readonly connection: SmtpConnection;
  readonly extensions: ReadonlyMap<string, string>;
  /** Under TLS, with the host that was meant. */
  readonly isVerified: boolean;
  /** Of SASL; null: there was no login. */
  readonly mechanism: string | null;
}

/** Those whose secrets are no better than the password, or can be guessed by who reads along. */
const ONLY_WHEN_NAMED = new Set(['CRAM-MD5', 'DIGEST-MD5']);

/**
 * Connects to a smarthost, as far as MAIL: TLS, EHLO, login. Where TLS is to be had only if it is offered, and fails, mail goes in the
 * clear, as it does to the servers of domains: who could make it fail could take the offer away (RFC 7435 §3). Not so a login, nor where
 * somebody is seen in between.
 *
 * @throws {SmtpError} 'unreachable', 'untrusted', 'protocol', 'login'
 */
export async function openSmarthost(place: SmarthostPlace, options: OpenOptions = {}): Promise<OpenedSmarthost> {
  try {
    return await openOnce(place, options, place.settings.tls);
  } catch (error) {
    const failure = error instanceof SmtpError && error.kind === 'untrusted' ? error.cause : null;
    const { settings } = place;
    if (!(failure instanceof SmtpError) || settings.tls !== 'opportunistic' || isLoggedIn(settings)) throw error;
    if (failure.kind === 'protocol' && failure.isTemporary) throw error; // hardening 7
    return await openOnce(place, options, 'clear');
  }
}

/** @param mode of TLS; 'clear' is none, wherever the smarthost is */
async function openOnce(
  place: SmarthostPlace,
  options: OpenOptions,
  mode: RouteSettings['tls'] | 'clear',
): Promise<OpenedSmarthost> {
  const { step = () => {}, replyMs = REPLY_MS, opened = () => {} } = options;
  const { settings, secrets, host, port, address, source } = place;
  const tls = tlsSettingsOf(settings, secrets);
  requireSafety(place);
  const connection = await SmtpConnection.open(host, port, null, {
    ...(address === null ? {} : { address }),
    timeoutMs: CONNECT_MS,
    ...(source.address === null ? {} : { localAddress: source.address }),
    ...(settings.proxy === null ? {} : { proxy: proxyOf(settings, secrets) }),
  });
  opened(connection);
  try {
    const secured = () =>
      step({
        type: 'secured',
        protocol: connection.tlsProtocol ?? '',
        certificate: connection.serverCertificate,
        isVerified: isVerifying(tls.trust),
      });
    if (mode === 'implicit') {
      await handshake(host, () => connection.secure(tls));
      secured();
    }
    const greeting = await connection.reply(replyMs);
    expect(greeting.code === 220, `${host} takes no connections: ${textOf(greeting)}`, greeting.code);
    step({ type: 'connected', greeting: textOf(greeting) });
    let extensions = await greet(connection, source.ehlo, replyMs);
    if (mode === 'starttls' || (mode === 'opportunistic' && extensions.has('STARTTLS'))) {
      if (!extensions.has('STARTTLS')) {
        throw new SmtpError('untrusted', `${host} offers no STARTTLS, and nothing is to go there in the clear`);
      }
      await handshake(host, () => connection.startTls(tls));
      secured();
      // Nothing that was said in the clear counts (RFC 3207 §4.2).
      extensions = await greet(connection, source.ehlo, replyMs);
    } else if (mode !== 'implicit') step({ type: 'in-the-clear' });
    step({ type: 'greeted', extensions });
    const isVerified = connection.isSecured && isVerifying(tls.trust);
    const mechanism = await authenticate(connection, extensions, { ...place, isVerified, replyMs });
    if (mechanism !== null) step({ type: 'logged-in', mechanism });
    return { connection, extensions, isVerified, mechanism };
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

/** @returns null where nothing is to be logged in with */
async function authenticate(
  connection: SmtpConnection,
  extensions: ReadonlyMap<string, string>,
  {
    settings,
    secrets,
    host,
    port,
    address,
    isVerified,
    replyMs,
  }: SmarthostPlace & { isVerified: boolean; replyMs: number },
): Promise<string | null> {
  const { user, actAs, mechanisms, certificate } = settings;
  if (!isLoggedIn(settings)) return null;
  const hasSecret = secrets.password !== undefined || secrets.token !== undefined;
  if (!hasSecret && secrets.clientKey === undefined) {
    // A route may have been declared without.
    throw new SmtpError('login', 'There is no password, token or client key to log in with: config route update');
  }
  const offered = (extensions.get('AUTH') ?? '').split(' ').filter((name) => name !== '');
  // A key in the handshake may be enough; where EXTERNAL is offered it is told apart from none.
  const isKeyAlone = certificate !== null && !hasSecret && mechanisms === null && !offered.includes('EXTERNAL');
  if (isKeyAlone) return null;
  if (offered.length === 0)
    throw new SmtpError('login', `${host} offers no login${connection.isSecured ? '' : ' without TLS'}`);
  const credentials: ClientCredentials = {
    ...(user === null ? {} : { authenticationIdentity: user }),
    ...(actAs === null ? {} : { authorizationIdentity: actAs }),
    ...(secrets.password === undefined ? {} : { password: secrets.password }),
    ...(secrets.token === undefined ? {} : { bearerToken: secrets.token }),
  };
  const chosen = new Set(
    mechanisms ?? offered.map((name) => name.toUpperCase()).filter((name) => !ONLY_WHEN_NAMED.has(name)),
  );
  return await logIn(connection, offered, {
    credentials,
    mechanisms: chosen,
    hasClientCertificate: certificate !== null && connection.isSecured,
    // Nobody is between two programs of one machine.
    isTrusted: isVerified || (settings.tls === 'none' && address !== null && isLoopback(address)),
    port,
    timeoutMs: replyMs,
  });
}

/** @throws {SmtpError} 'untrusted' for what is wrong with TLS, whatever it is */
async function handshake(host: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof SmtpError) || cause.kind === 'untrusted') throw cause;
    throw new SmtpError('untrusted', `${host}: ${cause.message}`, { cause, isTemporary: true });
  }
}

async function greet(connection: SmtpConnection, name: string, replyMs: number): Promise<ReadonlyMap<string, string>> {
  const reply = await connection.command(`EHLO ${name}`, replyMs);
  expect(reply.code === 250, `${connection.host} does not take EHLO ${name}: ${textOf(reply)}`, reply.code);
  return extensionsOf(reply);
}

function expect(isRight: boolean, message: string, code: number): void {
  if (!isRight) throw new SmtpError('protocol', message, { isTemporary: code < 500 });
}

/** @throws {SmtpError} 'untrusted' */
function requireSafety({ settings, host, address }: SmarthostPlace): void {
  if (settings.tls !== 'none' || (address !== null && isPrivateAddress(address))) return;
  const where = address === null ? 'the proxy would find it wherever it is' : `it is at ${address}, in the world`;
  throw new SmtpError('untrusted', `Nothing goes to ${host} without TLS: ${where}`);
}

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

function tlsSettingsOf(
  { tls, tlsNames, authorities, pinnedKeys, certificate }: RouteSettings,
  { clientKey }: RouteSecrets,
): TlsSettings {
  const identity = certificate === null || clientKey === undefined ? null : identityOf(certificate, clientKey);
  if (pinnedKeys.length > 0) {
    const fingerprints = pinnedKeys.map(parseFingerprint).filter((key): key is Fingerprint => key !== null);
    return { trust: { type: 'keys', fingerprints }, identity };
  }
  // RFC 7435: whoever it is. Where somebody in between could take TLS away, who it is under TLS helps nobody.
  if (tls === 'opportunistic') return { trust: { type: 'anyone' }, identity };
  const [first, ...others] = tlsNames;
  const names = first === undefined ? {} : { names: [first, ...others] as const };
  return { trust: { type: 'authority', ca: authorities, ...names }, identity };
}

const isVerifying = ({ type }: ServerTrust) => type === 'authority' || type === 'key' || type === 'keys';

function identityOf(certificate: string, key: string): ClientIdentity {
  const reading = readClientKey(new X509Certificate(certificate));
  if (reading.type === 'refused')
    throw new SmtpError('login', `Our certificate for it is of no use: ${reading.reason}`);
  return { key, certificate, fingerprint: reading.key.fingerprint };
}

function proxyOf({ proxy, proxyUser }: RouteSettings, { proxyPassword }: RouteSecrets): SocksProxy {
  const place = parseHostPort(proxy ?? '', 1080);
  if (place === null) throw new SmtpError('unreachable', 'The proxy of the route cannot be read');
  return { ...place, login: proxyUser === null ? null : { user: proxyUser, password: proxyPassword ?? '' } };
}

export function routeProxy(settings: RouteSettings, secrets: RouteSecrets): SocksProxy | null {
  return settings.proxy === null ? null : proxyOf(settings, secrets);
}
