import { SmtpConnection, SmtpError, type SmtpReply, textOf } from '@postel/smtp-client';
import { CONNECT_MS, REPLY_MS } from './limits.ts';
import { deferred, failed, HostFailure, outcomeOf } from './outcome.ts';
import type { TlsDemand } from './tls-demand.ts';

/** A server to connect to. */
export interface Place {
  /** Its name, or an address where it has none. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** What we call ourselves. */
  readonly hostname: string;
  readonly tls: TlsDemand;
}

/** A connection that is past EHLO, and under TLS if the other side has it. */
export class MailSession implements Disposable {
  readonly connection: SmtpConnection;
  /** What stands behind each keyword of EHLO. */
  readonly extensions: ReadonlyMap<string, string>;

  private constructor(connection: SmtpConnection, extensions: ReadonlyMap<string, string>) {
    this.connection = connection;
    this.extensions = extensions;
  }

  /**
   * Under TLS where the other side offers it, whoever it is (RFC 7435): in the clear if that fails, for against whoever can make it
   * fail it does not help anyway. Where trust is needed there is no such way out.
   *
   * @param opened is given each connection, to break it off when it must
   * @throws {HostFailure}
   */
  static async open(place: Place, opened: (connection: SmtpConnection) => void): Promise<MailSession> {
    const needsTrust = place.tls.type === 'required';
    const session = await MailSession.#connect(place, opened);
    if (!session.extensions.has('STARTTLS')) {
      if (!needsTrust) return session;
      await session.close();
      throw new HostFailure(failed('5.7.10', `${place.host} offers no TLS, which the message needs`));
    }
    try {
      return await session.#upgrade(place);
    } catch (error) {
      session[Symbol.dispose]();
      if (error instanceof HostFailure) throw error;
      if (!(error instanceof SmtpError)) throw error;
      if (needsTrust) throw withoutTrust(error);
      // Somebody is in between, or the other side is not right in its mind (hardening 7): not a matter of TLS alone.
      if (error.kind === 'protocol' && error.isTemporary) throw hostFailure(error);
    }
    return await MailSession.#connect(place, opened);
  }

  static async #connect(place: Place, opened: (connection: SmtpConnection) => void): Promise<MailSession> {
    const { host, address, port, hostname } = place;
    const connection = await SmtpConnection.open(host, port, null, { address, timeoutMs: CONNECT_MS }).catch(
      (error) => {
        throw hostFailure(error);
      },
    );
    opened(connection);
    try {
      const greeting = await connection.reply(REPLY_MS);
      if (greeting.code !== 220) throw new HostFailure(refusal(greeting, host));
      return new MailSession(connection, await greet(connection, hostname));
    } catch (error) {
      connection[Symbol.dispose]();
      throw error instanceof SmtpError ? hostFailure(error) : error;
    }
  }

  async #upgrade({ hostname, host, tls }: Place): Promise<MailSession> {
    const needsTrust = tls.type === 'required';
    const trust = needsTrust ? ({ type: 'authority', ca: null } as const) : ({ type: 'anyone' } as const);
    await this.connection.startTls({ trust, identity: null });
    // Nothing that was said in the clear counts (RFC 3207 §4.2).
    const extensions = await greet(this.connection, hostname);
    if (needsTrust && !extensions.has('REQUIRETLS')) {
      throw new HostFailure(failed('5.7.30', `${host} does not promise to pass the message on under TLS alone`));
    }
    return new MailSession(this.connection, extensions);
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

function extensionsOf({ lines }: SmtpReply): ReadonlyMap<string, string> {
  return new Map(
    lines.slice(1).map((line) => {
      const [keyword = '', ...parameters] = line.split(' ');
      return [keyword.toUpperCase(), parameters.join(' ')];
    }),
  );
}

function refusal(reply: SmtpReply, host: string) {
  const outcome = outcomeOf(reply, host);
  return outcome.type === 'delivered' ? deferred('4.5.0', `${host} says ${textOf(reply)}`) : outcome;
}

function withoutTrust(error: SmtpError): HostFailure {
  if (error.kind === 'untrusted') return new HostFailure(failed('5.7.10', error.message), { cause: error });
  return hostFailure(error);
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
