import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SmtpListener } from '@postel/config';
import type { Logger } from '@postel/supervision';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { Input, type InputLine } from './input.ts';
import { GATHERED_OCTETS, IDLE_MS, TLS_HANDSHAKE_MS } from './limits.ts';
import { replies, type SmtpReply } from './replies.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import type { TlsSession } from './trace-fields.ts';
import type { Wire } from './wire.ts';

/** What OpenSSL says of a client that goes on in plain text. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_HTTP_REQUEST', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

export interface ConnectionOptions {
  readonly id: string;
  readonly services: Services;
  readonly listener: SmtpListener;
  readonly log: Logger;
  /** The only reply, if the client may not come in. */
  readonly refusal: SmtpReply | null;
}

/**
 * A connection as smtp-server makes it, with its socket, the change to TLS and the closing; and all else our own: what is
 * read goes to a Session, which answers. This is the one file that knows smtp-server's connection from within.
 */
export class Connection extends SMTPConnection implements Wire {
  readonly #session: Session;
  readonly #refusal: SmtpReply | null;
  readonly #log: Logger;
  #input: Input;
  #tls: TlsSession | null;
  #gathered = '';
  #isFlushing = false;
  /** The socket of a handshake that goes on. */
  #handshake: Socket | null = null;
  #onTlsEnd: ((isSecure: boolean) => void) | null = null;

  constructor(server: SMTPConnection['_server'], socket: Socket, options: ConnectionOptions) {
    super(server, socket, { id: options.id });
    // A zone (fe80::1%eth0) means nothing outside this host, and is no part of an address in Postgres.
    this.remoteAddress = this.remoteAddress.replace(/%.*/, '');
    this.#input = this.#currentInput();
    this.#tls = tlsSessionOf(this._socket);
    this.#refusal = options.refusal;
    this.#log = options.log.child({ connection: options.id, client: this.remoteAddress });
    this.#session = new Session(this, options.services, options.listener, this.#log);
  }

  get tls(): TlsSession | null {
    return this.#tls;
  }

  get hasOctets(): boolean {
    return this.#input.hasOctets;
  }

  readLine(): Promise<InputLine> {
    return this.#input.readLine();
  }

  read(): Promise<Buffer | null> {
    return this.#input.read();
  }

  unread(octets: Buffer): void {
    this.#input.unread(octets);
  }

  write(text: string): void {
    this.#gathered += text;
  }

  async flush(): Promise<void> {
    if (this.#send()) return;
    const socket = this._socket;
    if (socket.destroyed) return;
    this.#isFlushing = true;
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
    this.#isFlushing = false;
  }

  flushUnlessMore(): Promise<void> | null {
    return this.#input.hasLine && this.#gathered.length < GATHERED_OCTETS ? null : this.flush();
  }

  startTls(): Promise<boolean> {
    return new Promise((resolve) => {
      const inTheClear = this.#input;
      this.#onTlsEnd = (isSecure) => {
        this.#onTlsEnd = null;
        this.#handshake = null;
        resolve(isSecure);
      };
      this.upgrade(
        () => inTheClear.stop(),
        () => {
          this._socket.setTimeout(IDLE_MS);
          this.#tls = tlsSessionOf(this._socket);
          this.#onTlsEnd?.(true);
        },
      );
      this.#input = this.#currentInput();
    });
  }

  stopReading(): void {
    this.#input.stop();
    // Neither who has not finished the handshake nor who takes no replies can be told anything.
    this.#handshake?.destroy();
    if (this.#isFlushing) this._socket.destroy();
  }

  /** Ends the session: at once if it waits for the client, else after its mail transaction. */
  stop(): void {
    this.#session.stop();
  }

  /** Ends the session as soon as it waits for the client. */
  hangUp(reply: SmtpReply): void {
    this.#session.hangUp(reply);
  }

  override close(): void {
    this.#send();
    super.close();
  }

  // What smtp-server calls.

  override init(): void {
    // Without its wait of 100 ms for those who talk too early: behind a login there is nothing to gain from that.
    this._setListeners(() => this.connectionReady());
  }

  /** The connection is ready: the session says the greeting. */
  override _sendGreeting(): void {
    void this.#session.run(this.#refusal);
  }

  /** Called by the constructor of the base class, when no field of ours exists yet, and by upgrade(). */
  override _createParser(): Input {
    return new Input();
  }

  override _armTimeout(socket: Socket = this._socket): void {
    if (this._upgrading) this.#handshake = socket;
    socket.setTimeout(this._upgrading ? TLS_HANDSHAKE_MS : IDLE_MS, () => this._onTimeout());
  }

  override _onTimeout(): void {
    if (this.#handshake !== null) {
      this.#log.info('no TLS handshake in time');
      this.#handshake.destroy();
    } else if (this._closing || this.#isFlushing) {
      this._socket.destroy();
    } else if (this.#input.isAwaited) {
      this.#session.hangUp(replies.timeout);
    } else {
      this._armTimeout(); // It waits for us.
    }
  }

  override _onError(error: Error & { code?: string | undefined }): void {
    const { code, message } = error;
    if (this.#handshake !== null && code !== undefined && NOT_TLS.has(code)) {
      this.#log.info({ code }, 'closing: the client spoke plain text after STARTTLS, where a TLS handshake was due');
    } else {
      this.#log.info({ code, reason: message }, 'the connection broke');
    }
    this.close();
  }

  override _onClose(): void {
    super._onClose();
    this.#input.stop();
    this.#onTlsEnd?.(false);
  }

  /** @returns false if the client does not take it yet */
  #send(): boolean {
    const text = this.#gathered;
    this.#gathered = '';
    const socket = this._socket;
    // During the handshake the socket is still the one in the clear.
    if (text === '' || this._upgrading || !socket.writable) return true;
    return socket.write(text, 'latin1');
  }

  #currentInput(): Input {
    if (!(this._parser instanceof Input)) throw new Error('the connection has no input of ours');
    return this._parser;
  }
}

function tlsSessionOf(socket: Socket): TlsSession | null {
  if (!(socket instanceof TLSSocket)) return null;
  return { protocol: socket.getProtocol() ?? 'TLS', cipher: socket.getCipher().standardName };
}
