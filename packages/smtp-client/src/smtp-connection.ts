import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from '@postel/sasl';
import { ReplyParser, type SmtpReply, textOf } from './reply-parser.ts';
import { SmtpError } from './smtp-error.ts';
import { connectBySocks, type SocksProxy } from './socks5.ts';
import { channelBindingOf, type ServerCertificate, serverCertificateOf, startTls } from './start-tls.ts';
import type { TlsSettings } from './tls-settings.ts';

const CONNECT_MS = 30_000;
/** RFC 5321 §4.5.3.2: 5 minutes for most replies, 10 for the one to the end of data. */
const REPLY_MS = 300_000;
const DATA_REPLY_MS = 600_000;
const QUIT_REPLY_MS = 5_000;
/** The same, to write a block of data. */
const BLOCK_MS = 180_000;

export interface ConnectOptions {
  /** The IP address to connect to, if `host` is not to be looked up. */
  readonly address?: string;
  readonly timeoutMs?: number;
  /** Ours, to connect from. */
  readonly localAddress?: string;
  /** By which to go; `address`, or else the host by its name, is for it to find. */
  readonly proxy?: SocksProxy;
}

/** A connection to an SMTP server: commands out, replies in, in the clear or not. */
export class SmtpConnection implements Disposable {
  readonly host: string;
  #socket: Socket;
  #secured: TLSSocket | null = null;
  #chunks: AsyncIterator<Buffer>;
  #replies = new ReplyParser();

  private constructor(host: string, socket: Socket) {
    this.host = host;
    this.#socket = socket;
    this.#chunks = chunksOf(socket);
  }

  /** @param tls null to begin in the clear @throws {SmtpError} */
  static async open(
    host: string,
    port: number,
    tls: TlsSettings | null,
    options: ConnectOptions = {},
  ): Promise<SmtpConnection> {
    const socket = await reach(host, port, options);
    const connection = new SmtpConnection(host, socket);
    if (tls !== null) await connection.secure(tls);
    return connection;
  }

  get isSecured(): boolean {
    return this.#secured !== null;
  }

  /** It is open, and nothing was said that nobody asked for. */
  get isQuiet(): boolean {
    const { destroyed, readableLength, readableEnded, writable } = this.#socket;
    return !destroyed && !readableEnded && writable && readableLength === 0 && !this.#replies.hasMore;
  }

  get channelBinding(): ChannelBinding | null {
    return this.#secured === null ? null : channelBindingOf(this.#secured);
  }

  /** Our own address, as EHLO says it when there is no name (RFC 5321 §4.1.3). */
  get addressLiteral(): string {
    const { localAddress = '127.0.0.1', localFamily } = this.#socket;
    return localFamily === 'IPv6' ? `[IPv6:${localAddress}]` : `[${localAddress}]`;
  }

  /** Of the server, null in the clear: the names of its certificate, until when it is good, and the fingerprint of its key. */
  get serverCertificate(): ServerCertificate | null {
    return this.#secured === null ? null : serverCertificateOf(this.#secured);
  }

  /** The version of TLS as Node names it, null in the clear. */
  get tlsProtocol(): string | null {
    return this.#secured?.getProtocol() ?? null;
  }

  /** @throws {SmtpError} */
  async command(line: string, timeoutMs?: number): Promise<SmtpReply> {
    this.#socket.write(`${line}\r\n`);
    return await this.reply(timeoutMs);
  }

  /** Sends what has no reply yet: commands in a group (RFC 2920 §3.1), or a block of data. @throws {SmtpError} if it is not taken in time */
  async send(octets: string | Buffer): Promise<void> {
    if (this.#socket.write(octets)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = this.#socket;
    const closed = () => reject(this.#broken(socket.errored ?? new Error('the server closed the connection')));
    const timer = setTimeout(() => socket.destroy(new Error('it takes no more data')), BLOCK_MS);
    socket.once('drain', resolve).once('close', closed);
    if (socket.destroyed) closed();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      socket.removeListener('drain', resolve).removeListener('close', closed);
    }
  }

  /** Breaks it off, whatever waits for it. */
  abort(): void {
    this.#socket.destroy(new Error('stopping'));
  }

  /** Sends a message after 354. @param octets with its dots stuffed, ending in CRLF */
  async data(octets: Buffer): Promise<SmtpReply> {
    this.#socket.cork();
    this.#socket.write(octets);
    this.#socket.write('.\r\n');
    this.#socket.uncork();
    return await this.reply(DATA_REPLY_MS);
  }

  /** Says goodbye. What has been answered before stands, whatever comes of this. */
  async quit(): Promise<void> {
    this.#socket.write('QUIT\r\n');
    await this.reply(QUIT_REPLY_MS).catch(() => {});
  }

  /** @throws {SmtpError} */
  async reply(timeoutMs = REPLY_MS): Promise<SmtpReply> {
    const timer = setTimeout(() => {
      this.#socket.destroy(new Error(`no answer in ${timeoutMs / 1_000} s`));
    }, timeoutMs);
    try {
      for (;;) {
        const reply = this.#replies.take();
        if (reply !== null) return reply;
        const { done, value } = await this.#chunks.next();
        if (done === true) throw new Error('the server closed the connection');
        this.#replies.push(value);
      }
    } catch (cause) {
      throw this.#broken(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  #broken(cause: unknown): SmtpError {
    if (cause instanceof SmtpError) return cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new SmtpError('unreachable', `The connection to ${this.host} broke: ${why}`, { cause });
  }

  /**
   * STARTTLS: RFC 3207. What came behind the 220 was sent by who knows whom, and must not pass for what the server says
   * after the handshake: the connection is given up.
   *
   * @throws {SmtpError}
   */
  async startTls(tls: TlsSettings): Promise<void> {
    const reply = await this.command('STARTTLS');
    if (reply.code !== 220) throw new SmtpError('protocol', `The server refuses STARTTLS: ${textOf(reply)}`);
    if (this.#replies.hasMore || this.#socket.readableLength > 0) {
      throw new SmtpError('protocol', 'More than a reply came before TLS: somebody is in between', {
        isTemporary: true,
      });
    }
    await this.secure(tls);
  }

  /** Begins TLS, before anything was said (RFC 8314 §3.3). @throws {SmtpError} */
  async secure(tls: TlsSettings): Promise<void> {
    await this.#chunks.return?.();
    this.#secured = await startTls(this.#socket, this.host, tls);
    this.#socket = this.#secured;
    this.#chunks = chunksOf(this.#socket);
    this.#replies = new ReplyParser();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Chunks as they come; the socket stays open, for TLS, when nobody wants more of them. */
function chunksOf(socket: Socket): AsyncIterator<Buffer> {
  // An error between two replies is seen when the next one is waited for.
  socket.on('error', () => {});
  return socket.iterator({ destroyOnReturn: false });
}

async function reach(
  host: string,
  port: number,
  { address = host, timeoutMs = CONNECT_MS, localAddress, proxy }: ConnectOptions,
): Promise<Socket> {
  const target = proxy === undefined ? { host: address, port } : { host: proxy.host, port: proxy.port };
  const signal = AbortSignal.timeout(timeoutMs);
  const socket = connect({ ...target, ...(localAddress === undefined ? {} : { localAddress }) });
  socket.setNoDelay(true);
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.on('error', () => {}).destroy();
    const isNotOurs = isOfCode(cause, 'EADDRNOTAVAIL') && localAddress !== undefined;
    const why = isNotOurs ? `the source address ${localAddress} is not on this machine` : wordsOf(cause, timeoutMs);
    const by = proxy === undefined ? '' : `by the proxy ${proxy.host}, port ${proxy.port}`;
    throw new SmtpError('unreachable', `Cannot connect to ${host}, port ${port}${by === '' ? '' : ` ${by}`}: ${why}`, {
      cause,
    });
  }
  if (proxy === undefined) return socket;
  try {
    await connectBySocks(socket, proxy, { host: address, port }, signal);
    return socket;
  } catch (cause) {
    socket.on('error', () => {}).destroy();
    const why = `the proxy ${proxy.host}, port ${proxy.port}: ${wordsOf(cause, timeoutMs)}`;
    throw new SmtpError('unreachable', `Cannot connect to ${host}, port ${port} by ${why}`, { cause });
  }
}

function isOfCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function wordsOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer in ${timeoutMs / 1_000} s`;
  // One for each address of the host.
  return error instanceof AggregateError
    ? error.errors.map((one) => wordsOf(one, timeoutMs)).join('; ')
    : error.message;
}
