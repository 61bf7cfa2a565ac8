import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientKey, Directory, LoginContext } from '@postel/directory';
import type { CommandReader } from '@postel/imap-wire';
import { clientAddress, type Logger, type ServerCertificates, TlsConnection } from '@postel/supervision';
import { Abandoned } from './command.ts';
import { CompressedInput } from './compressed-input.ts';
import { deflate, deflateLast } from './deflate.ts';
import { LINGER_MS, OUTPUT_HIGH_WATER_OCTETS, TLS_HANDSHAKE_MS, WRITE_TIMEOUT_MS } from './limits.ts';

export interface ClientSocketOptions {
  readonly asksClientCertificate: boolean;
  readonly certificates: ServerCertificates;
  readonly directory: Directory;
  /** Takes what the client sends, and is told when no more comes. */
  readonly reader: CommandReader;
  readonly log: Logger;
  /** The client has closed its side, or is gone; the reader knows. */
  ended(): void;
  /** Nothing came or went for as long as was set. */
  timedOut(): void;
  /** What the client sends is not compressed as it should be, and cannot be read on. */
  damaged(): void;
}

const SENT = Promise.resolve();

/** A last block of DEFLATE data, with nothing in it. */
const LAST_BLOCK = deflateLast([]);

/** What lies between the commands of one client and the network: its socket, TLS and compression on that, and its pace. */
export class ClientSocket {
  readonly #remoteAddress: string;
  readonly #options: ClientSocketOptions;
  readonly #reader: CommandReader;
  readonly #log: Logger;
  #socket: Socket;
  #tls: TlsConnection | null = null;
  #isCompressed = false;
  #compressedInput: CompressedInput | null = null;
  /** Made when somebody first asks for it: a login does not. */
  #gone: AbortController | null = null;
  #isGone = false;

  constructor(socket: Socket, options: ClientSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = options.reader;
    this.#log = options.log;
    this.#remoteAddress = clientAddress(socket);
    this.#attach();
  }

  /** To be called before anything else. TLS from the first octet has its handshake behind it. */
  async begin(): Promise<void> {
    this.#socket.setNoDelay(true);
    if (this.#socket instanceof TLSSocket) await this.#secured(this.#socket);
  }

  get tls(): TlsConnection | null {
    return this.#tls;
  }

  get clientKey(): ClientKey | null {
    return this.#tls?.clientKey ?? null;
  }

  get loginContext(): LoginContext {
    const { protocol: tlsVersion = null, clientKey = null, unknownKey = null } = this.#tls ?? {};
    return { service: 'imap', clientAddress: this.#remoteAddress, tlsVersion, clientKey, unknownKey };
  }

  get isCompressed(): boolean {
    return this.#isCompressed;
  }

  /** Aborted, with Abandoned as its reason, when the client is gone. */
  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#isGone) this.#abort();
    return this.#gone.signal;
  }

  /** Whether the client takes nothing at the moment. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Calls `timedOut` when nothing came or went for that long; 0: never. */
  setTimeout(ms: number): void {
    this.#socket.setTimeout(ms);
  }

  /** Sends octets; resolves when the client has taken enough of them. @throws {Abandoned} if it is gone */
  send(pieces: readonly Buffer[]): Promise<void> {
    return this.#write(this.#isCompressed ? deflate(pieces) : pieces);
  }

  #write(pieces: readonly Buffer[]): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return pieces.length > 0 ? Promise.reject(new Abandoned('the client is gone')) : SENT;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    return socket.writableLength > OUTPUT_HIGH_WATER_OCTETS ? this.#drained() : SENT;
  }

  /** Waits until the client has taken what was sent. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        socket.off('drain', done);
        socket.off('close', done);
        if (socket.destroyed) reject(new Abandoned('the client is gone'));
        else resolve();
      };
      const timer = setTimeout(() => {
        this.#log.info('the client takes nothing: closing');
        socket.destroy();
      }, WRITE_TIMEOUT_MS);
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  /** What the reader has enough of waits, or comes again. */
  hold(isHeld: boolean): void {
    if (this.#compressedInput === null) this.#flow(!isHeld);
    else this.#compressedInput.pause(isHeld);
  }

  #flow(flows: boolean): void {
    if (flows) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Closes without a word. */
  destroy(): void {
    this.#reader.end();
    this.#socket.destroy();
  }

  /** Closes our side. What the client still sends is dropped, so that it can read what we said last. */
  hangUp(): void {
    const socket = this.#socket;
    this.#compressedInput = null;
    this.#reader.end();
    this.#reader.discardBuffered();
    socket.setTimeout(0);
    if (socket.destroyed) return;
    if (this.#isCompressed) socket.end(LAST_BLOCK);
    else socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  // --- What happens to the socket ---

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#options.timedOut);
  }

  #detach(): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('timeout', this.#options.timedOut);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#compressedInput === null) this.#reader.push(chunk);
    else this.#compressedInput.push(chunk);
  };

  /** Commands that came before are still answered. */
  readonly #onEnd = (): void => {
    if (this.#compressedInput === null) this.#reader.end();
    else this.#compressedInput.end();
    this.#options.ended();
  };

  readonly #onClose = (): void => {
    this.#isGone = true;
    this.#abort();
    this.#reader.end();
  };

  #abort(): void {
    this.#gone?.abort(new Abandoned('the client is gone'));
  }

  readonly #onError = (error: Error): void => {
    this.#log.debug({ err: error }, 'socket error');
  };

  // --- Compression ---

  /** RFC 4978 §3. The client waits for our answer before it compresses; what came before would be taken for something else. */
  compress(): void {
    if (this.#reader.discardBuffered() > 0) throw new Abandoned('commands behind COMPRESS');
    this.#isCompressed = true;
    this.#compressedInput = new CompressedInput(this.#reader, {
      flow: (flows) => this.#flow(flows),
      damaged: (error) => {
        this.#log.info({ err: error }, 'the client compresses wrongly: closing');
        this.#compressedInput = null;
        this.#options.damaged();
      },
      left: () => {
        this.#compressedInput = null;
      },
    });
  }

  /** RFC 8437 §4.1. The answer is the last that is compressed; the client may have gone on without. */
  endCompression(answer: readonly Buffer[]): Promise<void> {
    this.#isCompressed = false;
    const sent = this.#write([deflateLast(answer)]);
    this.#compressedInput?.leave();
    return sent;
  }

  // --- TLS ---

  /** RFC 9051 §6.2.1. What was sent in the clear behind STARTTLS, by the client or somebody in between, is dropped. */
  async startTls(): Promise<void> {
    const dropped = this.#reader.discardBuffered();
    if (dropped > 0) {
      this.#log.warn({ octets: dropped }, 'commands were sent in the clear behind STARTTLS: closing');
      throw new Abandoned('plaintext behind STARTTLS');
    }
    this.#detach(); // but for errors, which may still come
    const { certificates, asksClientCertificate } = this.#options;
    const secure = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: certificates.context,
      SNICallback: certificates.choose,
      requestCert: asksClientCertificate,
      rejectUnauthorized: false, // the key says who it is, and no authority
    });
    this.#socket = secure;
    await this.#handshake(secure);
    this.#attach();
    await this.#secured(secure);
  }

  async #secured(socket: TLSSocket): Promise<void> {
    const { certificates, directory } = this.#options;
    this.#tls = new TlsConnection(socket, certificates);
    await this.#tls.identifyClient(directory, this.#log);
    if (this.#tls.unknownKey !== null) directory.recordUnknownKey(this.loginContext);
  }

  #handshake(secure: TLSSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      let reason: unknown = null;
      const timer = setTimeout(() => secure.destroy(new Error('the TLS handshake took too long')), TLS_HANDSHAKE_MS);
      const failed = (error: unknown) => {
        reason = error;
      };
      const closed = () => {
        clearTimeout(timer);
        this.#log.info({ err: reason }, 'TLS handshake failed: the client speaks no TLS, or nothing in common');
        reject(new Abandoned('TLS handshake failed'));
      };
      secure.allowHalfOpen = false; // who closes now is gone
      secure.on('error', failed);
      secure.once('close', closed);
      secure.once('secure', () => {
        secure.allowHalfOpen = true;
        clearTimeout(timer);
        secure.off('error', failed);
        secure.off('close', closed);
        resolve();
      });
    });
  }
}
