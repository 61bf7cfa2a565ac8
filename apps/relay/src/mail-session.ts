import type { TLSSocket } from 'node:tls';
import type { Source } from '@postel/routes';
import { extensionsOf, SmtpConnection, SmtpError, type SmtpReply, type SocksProxy, textOf } from '@postel/smtp-client';
import { type TlsPeer, tlsPeer } from '@postel/tls-policy';
import { CONNECT_MS, RECIPIENTS, REPLY_MS } from './limits.ts';
import { deferred, failed, HostFailure, outcomeOf } from './outcome.ts';
import type { HostTls } from './tls-guard.ts';

/** A server to connect to. */
export interface Place {
  /** Its name, or an address where it has none. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** From where, and what we call ourselves. */
  readonly source: Source;
  readonly proxy: SocksProxy | null;
  /** What has to hold for TLS with it. */
  readonly tls: HostTls;
}

/** What there is to a server that an operator has named. */
export interface SmarthostTraits {
  /** Under TLS, with whom it should be. */
  readonly isVerified: boolean;
  /** It is told who submitted a message. */
  readonly isTrusted: boolean;
}

/** A connection that is past EHLO, and under TLS if the other side has it. */
export class MailSession implements Disposable {
  readonly connection: SmtpConnection;
  /** What stands behind each keyword of EHLO. */
  readonly extensions: ReadonlyMap<string, string>;
  readonly #openedMs = performance.now();
  /** Mail transactions that were begun on it. */
  messages = 0;
  /** The last one did not come to its end. */
  needsReset = false;
  /** Null: it is a server that the domain names. */
  readonly smarthost: SmarthostTraits | null;
  readonly #recipients: number;

  /** For how long it has been open. */
  get ageMs(): number {
    return performance.now() - this.#openedMs;
  }

  private constructor(
    connection: SmtpConnection,
    extensions: ReadonlyMap<string, string>,
    recipients: number | null,
    smarthost: SmarthostTraits | null = null,
  ) {
    this.connection = connection;
    this.extensions = extensions;
    this.smarthost = smarthost;
    this.#recipients = recipients ?? RECIPIENTS;
  }

  /** On a connection that was opened by a route. */
  static through(
    connection: SmtpConnection,
    extensions: ReadonlyMap<string, string>,
    { recipients, ...traits }: SmarthostTraits & { readonly recipients: number | null },
  ): MailSession {
    return new MailSession(connection, extensions, recipients, traits);
  }

  /**
   * Under TLS where the other side offers it, whoever it is (RFC 7435): in the clear if that fails, for against whoever can make it
   * fail it does not help anyway. Where more is needed there is no such way out. All of it is judged before anything is said of a message.
   *
   * @param opened is given each connection, to break it off when it must
   * @param recipients in one transaction; null: as everywhere
   * @throws {HostFailure}
   */
  static async open(
    place: Place,
    opened: (connection: SmtpConnection) => void,
    recipients: number | null,
  ): Promise<MailSession> {
    const session = await MailSession.#connect(place, opened, recipients);
    try {
      if (session.extensions.has('STARTTLS')) return await session.#upgrade(place);
      await place.tls.accept({ type: 'not-offered' }, place.address);
      return session;
    } catch (error) {
      if (error instanceof HostFailure) await session.close();
      else session[Symbol.dispose]();
      if (!(error instanceof SmtpError)) throw error;
      // Somebody is in between, or the other side is not right in its mind (hardening 7): not a matter of TLS alone.
      if (error.kind === 'protocol' && error.isTemporary) throw hostFailure(error);
      await place.tls.accept({ type: 'no-handshake', reason: error.message }, place.address);
    }
    return await MailSession.#connect(place, opened, recipients);
  }

  static async #connect(
    place: Place,
    opened: (connection: SmtpConnection) => void,
    recipients: number | null,
  ): Promise<MailSession> {
    const { host, address, port, source, proxy } = place;
    const from = source.address === null ? {} : { localAddress: source.address };
    const by = proxy === null ? {} : { proxy };
    const options = { address, timeoutMs: CONNECT_MS, ...from, ...by };
    const connection = await SmtpConnection.open(host, port, null, options).catch((error) => {
      throw hostFailure(error);
    });
    opened(connection);
    try {
      const greeting = await connection.reply(REPLY_MS);
      if (greeting.code !== 220) throw new HostFailure(refusal(greeting, host));
      return new MailSession(connection, await greet(connection, source.ehlo), recipients);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error instanceof SmtpError ? hostFailure(error) : error;
    }
  }

  async #upgrade({ source, host, address, tls }: Place): Promise<MailSession> {
    let peer: TlsPeer | null = null;
    const examine = (socket: TLSSocket) => {
      peer = tlsPeer(socket);
    };
    const { policy, authorities } = tls;
    const trust = { type: 'examined', serverName: policy.serverName, ca: authorities, examine } as const;
    await this.connection.startTls({ trust, identity: null });
    await tls.accept({ type: 'secured', peer }, address);
    // Nothing that was said in the clear counts (RFC 3207 §4.2).
    const extensions = await greet(this.connection, source.ehlo);
    // There are servers that take a handshake and hang up then, which is not what to expect of them.
    await tls.remember(peer);
    if (policy.demand === 'required' && !extensions.has('REQUIRETLS')) {
      throw new HostFailure(failed('5.7.30', `${host} does not promise to pass the message on under TLS alone`));
    }
    return new MailSession(this.connection, extensions, this.#recipients);
  }

  /** RFC 9422 §4.1. */
  get mostMessages(): number {
    return limitOf(this.extensions, 'MAILMAX') ?? Number.POSITIVE_INFINITY;
  }

  /** RFC 9422 §4.2. */
  get mostRecipients(): number {
    return Math.min(this.#recipients, limitOf(this.extensions, 'RCPTMAX') ?? this.#recipients);
  }

  get host(): string {
    return this.connection.host;
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    await this.connection.quit();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }
}

/** EHLO, or HELO for who does not know it: RFC 5321 §3.2. */
async function greet(connection: SmtpConnection, hostname: string): Promise<ReadonlyMap<string, string>> {
  const reply = await connection.command(`EHLO ${hostname}`, REPLY_MS);
  if (reply.code === 250) return extensionsOf(reply);
  if (![500, 501, 502, 504, 550].includes(reply.code)) throw new HostFailure(refusal(reply, connection.host));
  const helo = await connection.command(`HELO ${hostname}`, REPLY_MS);
  if (helo.code !== 250) throw new HostFailure(refusal(helo, connection.host));
  return new Map();
}

/** One of LIMITS: RFC 9422 §3. */
function limitOf(extensions: ReadonlyMap<string, string>, name: string): number | null {
  const limits = (extensions.get('LIMITS') ?? '').toUpperCase().split(' ');
  const value = limits.find((limit) => limit.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return /^[1-9][0-9]{0,5}$/.test(value) ? Number(value) : null;
}

function refusal(reply: SmtpReply, host: string) {
  const outcome = outcomeOf(reply, host);
  return outcome.type === 'delivered' ? deferred('4.5.0', `${host} says ${textOf(reply)}`) : outcome;
}

/** Errors of this machine's network, which has no IPv6, say. */
const NO_ROUTE = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

export function hostFailure(error: unknown): HostFailure {
  if (!(error instanceof SmtpError)) throw error;
  const { cause } = error;
  const isNoRoute = cause instanceof Error && 'code' in cause && NO_ROUTE.has(String(cause.code));
  const status = error.kind === 'unreachable' ? '4.4.1' : '4.5.0';
  return new HostFailure(deferred(status, error.message), { cause: error, isNoRoute });
}
