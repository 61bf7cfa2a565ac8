import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SmtpListener } from '@postel/config';
import type { Directory } from '@postel/directory';
import { clientAddress, type Logger, type ServerCertificates, TlsConnection } from '@postel/supervision';
import { Input, type InputLine } from './input.ts';
import { GATHERED_OCTETS, IDLE_MS, LINGER_MS, TLS_HANDSHAKE_MS } from './limits.ts';
import { replies, type SmtpReply } from './replies.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import type { Wire } from './wire.ts';

/** What OpenSSL says of a client that goes on in plain text. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_HTTP_REQUEST', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/**
 * By ALPN (RFC 7301), which hardly a client uses. None is registered; these are what other servers take. Whoever asks for another
 * protocol was sent here by somebody else.
 */
const PROTOCOLS = ['smtp', 'esmtp', 'lmtp'];

export interface ConnectionOptions {
  readonly id: string;
  readonly services: Services;
  readonly listener: SmtpListener;
  readonly certificates: ServerCertificates;
  readonly log: Logger;
}

/** One client's socket, in the clear and then under TLS, as its Session sees it. */
export class Connection implements Wire {
  readonly id: string;
  readonly remoteAddress: string;
  readonly #session: Session;
  readonly #now: () => number;
  readonly #listener: SmtpListener;
  readonly #certificates: ServerCertificates;
  readonly #directory: Directory;
  readonly #log: Logger;
  #socket: Socket;
  #input: Input;
  #tls: TlsConnection | null = null;
  #gathered = '';
  #isFlushing = false;
  #isInHandshake = false;
  #isClosing = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.id = options.id;
    this.remoteAddress = clientAddress(socket);
    this.#listener = options.listener;
    this.#certificates = options.certificates;
    this.#directory = options.services.directory;
    this.#log = options.log.child({ connection: options.id, client: this.remoteAddress });
    this.#socket = socket;
    this.#now = options.services.now;
    this.#input = new Input(this.#now);
    this.#session = new Session(this, options.services, options.listener, this.#log);
    socket.on('error', this.#onError);
  }

  get tls(): TlsConnection | null {
    return this.#tls;
  }

  get hasOctets(): boolean {
    return this.#input.hasOctets || this.#socket.readableLength > 0;
  }

  /** The socket as it is now. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Serves the client to the end; never rejects. @param refusal the only reply there is, if the client may not come in */
  async serve(refusal: SmtpReply | null): Promise<void> {
    if (this.#listener.tls === 'implicit') {
      if (!(await this.startTls())) return this.close();
    } else {
      this.#read();
      this.#limitSilence();
    }
    await this.#session.run(refusal);
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
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.#isFlushing = true;
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
    this.#isFlushing = false;
  }

  flushUnlessMore(): Promise<void> | null {
    return this.#input.hasLine && this.#gathered.length < GATHERED_OCTETS ? null : this.flush();
  }

  async startTls(): Promise<boolean> {
    const inTheClear = this.#socket;
    inTheClear.unpipe();
    inTheClear.setTimeout(0);
    inTheClear.off('timeout', this.#onTimeout);
    // What came in the clear behind STARTTLS goes with the input; what the socket still holds fails the handshake.
    this.#input.stop();
    this.#input = new Input(this.#now);
    if (inTheClear.destroyed) return false;

    const { context, choose } = this.#certificates;
    const secure = new TLSSocket(inTheClear, {
      isServer: true,
      secureContext: context,
      SNICallback: choose,
      requestCert: this.#listener.asksClientCertificate,
      rejectUnauthorized: false, // the key says who it is, and no authority
      ALPNProtocols: PROTOCOLS,
    });
    this.#socket = secure;
    secure.on('error', this.#onError);
    this.#read(); // also during the handshake, so that its end is noticed
    this.#isInHandshake = true;
    const isSecure = await handshakeOf(secure, () => this.#log.info('no TLS handshake in time'));
    this.#isInHandshake = false;
    if (!isSecure || this.#isClosing) return false;
    this.#tls = new TlsConnection(secure, this.#certificates);
    await this.#tls.identifyClient(this.#directory, this.#log);
    if (this.#tls.unknownKey !== null) this.#directory.recordUnknownKey(this.#session.loginContext);
    this.#limitSilence();
    return true;
  }

  stopReading(): void {
    this.#input.stop();
    // Neither who has not finished the handshake nor who takes no replies can be told anything.
    if (this.#isInHandshake || this.#isFlushing) this.destroy();
  }

  /** Ends the session: at once if it waits for the client, else after its mail transaction. */
  stop(): void {
    this.#session.stop(replies.shuttingDown);
  }

  /** Ends the session as soon as it waits for the client. */
  hangUp(reply: SmtpReply): void {
    this.#session.hangUp(reply);
  }

  /** Closes our side. What the client still sends is dropped for a while, so that it can read what we said last. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#send();
    this.#input.stop();
    const socket = this.#socket;
    socket.setTimeout(0);
    if (socket.destroyed) return;
    socket.unpipe();
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Begins to read, from the socket as it is now. */
  #read(): void {
    const socket = this.#socket;
    const input = this.#input;
    socket.once('close', () => input.stop());
    socket.pipe(input);
    if (socket.destroyed) input.stop();
  }

  #limitSilence(): void {
    this.#socket.setTimeout(IDLE_MS);
    this.#socket.on('timeout', this.#onTimeout);
  }

  readonly #onTimeout = (): void => {
    if (this.#isFlushing) this.destroy();
    else if (this.#input.isAwaited) this.#session.hangUp(replies.timeout);
    // Else it waits for us; the socket's timer starts anew with what is sent.
  };

  readonly #onError = (error: Error & { code?: string }): void => {
    const { code, message } = error;
    if (this.#isInHandshake && code !== undefined && NOT_TLS.has(code)) {
      this.#log.info({ code }, 'closing: the client spoke plain text after STARTTLS, where a TLS handshake was due');
    } else if (!this.#isClosing) {
      this.#log.info({ code, reason: message }, this.#isInHandshake ? 'no TLS' : 'the connection broke');
    }
  };

  /** @returns false if the client does not take it yet */
  #send(): boolean {
    const text = this.#gathered;
    this.#gathered = '';
    if (text === '' || !this.#socket.writable) return true;
    return this.#socket.write(text, 'latin1');
  }
}

/** @returns false if there will be no TLS and the connection is gone */
function handshakeOf(socket: TLSSocket, onTimeout: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      onTimeout();
      socket.destroy();
    }, TLS_HANDSHAKE_MS);
    const settle = (isSecure: boolean) => {
      clearTimeout(timer);
      socket.off('secure', succeeded);
      socket.off('end', ended);
      socket.off('close', failed);
      resolve(isSecure);
    };
    const succeeded = () => settle(true);
    const ended = () => socket.destroy();
    const failed = () => settle(false);
    socket.on('secure', succeeded);
    socket.on('end', ended);
    socket.on('close', failed);
  });
}
