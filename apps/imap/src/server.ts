import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import type { ImapListener } from '@postel/config';
import { clientAddress, HeapReserve, type Logger, listenOn, type ServerCertificates } from '@postel/supervision';
import { Connection, type ConnectionOptions } from './connection.ts';
import { CONNECTIONS, REFUSED_CONNECTIONS, STOP_LINGER_MS, STOP_MS, TLS_HANDSHAKE_MS } from './limits.ts';
import type { Services } from './services.ts';

/** The listeners of one process and the connections that came through them. */
export class ImapServer {
  readonly #services: Services;
  readonly #log: Logger;
  readonly #certificates: ServerCertificates;
  readonly #heap: HeapReserve;
  readonly #servers: Server[] = [];
  /** All that are open: in a handshake, in a conversation, and those whose client has not closed its side yet. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<Connection, Promise<void>>();
  /** Of clients that come from where too many are connected already. */
  readonly #beyond = new Set<string>();

  constructor(services: Services, certificates: ServerCertificates, log: Logger) {
    this.#services = services;
    this.#log = log;
    this.#certificates = certificates;
    this.#heap = new HeapReserve(log);
  }

  /** @returns the port, which the system chose if `listener.port` is 0 */
  async listen(listener: ImapListener): Promise<number> {
    const { allowPlaintextLogin, asksClientCertificate } = listener;
    const options: ConnectionOptions = {
      allowPlaintextLogin,
      asksClientCertificate,
      certificates: this.#certificates,
    };
    const server = this.#createServer(listener, (socket) => this.#serve(socket, options));
    server.maxConnections = CONNECTIONS;
    server.prependListener('connection', (socket) => this.#enter(socket)); // before it is served
    const port = await listenOn(server, listener);
    server.on('error', (error) => this.#log.error({ err: error }, 'listener failed'));
    this.#servers.push(server);
    return port;
  }

  /** Stops listening, waits for the commands in hand, though not for clients that take no answer, and says BYE to everybody. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections.keys()) connection.stop();
    await settledWithin(STOP_MS, [...this.#connections.values()]);
    for (const connection of this.#connections.keys()) connection.destroy();
    await Promise.all(this.#connections.values());
    await settledWithin(
      STOP_LINGER_MS,
      [...this.#sockets].map((socket) => new Promise((closed) => socket.once('close', closed))),
    );
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * A client that closes its side first still hears the answers to what it said: hence `allowHalfOpen`. One that does so before
   * the end of the handshake is gone: it cannot hear any.
   */
  #createServer({ tls, asksClientCertificate }: ImapListener, serve: (socket: Socket) => void): Server {
    if (tls === 'starttls') return createServer({ allowHalfOpen: true }, serve);
    const server = createTlsServer(
      {
        ...this.#certificates.options,
        SNICallback: this.#certificates.choose,
        requestCert: asksClientCertificate,
        rejectUnauthorized: false, // the key says who it is, and no authority
        handshakeTimeout: TLS_HANDSHAKE_MS,
        ALPNProtocols: ['imap'],
      },
      (socket) => {
        socket.allowHalfOpen = true;
        serve(socket);
      },
    );
    this.#certificates.keepCurrent(server);
    server.on('tlsClientError', (error, socket) => {
      this.#log.info({ err: error, client: clientAddress(socket) }, 'TLS handshake failed');
      socket.destroy();
    });
    return server;
  }

  #enter(socket: Socket): void {
    const place = this.#services.connectionCount.enter(clientAddress(socket));
    const name = place.isBeyond ? nameOf(socket) : null;
    if (name !== null) {
      // To some of them it is said what is wrong, under TLS too.
      if (this.#beyond.size >= REFUSED_CONNECTIONS) socket.destroy();
      else this.#beyond.add(name);
    }
    this.#sockets.add(socket);
    socket.on('error', ignore); // the connection logs it; this is for the time before and after
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (name !== null) this.#beyond.delete(name);
      place.leave();
    });
  }

  #serve(socket: Socket, options: ConnectionOptions): void {
    if (this.#heap.isTouched) {
      socket.end('* BYE [UNAVAILABLE] Too many connections, try again later\r\n', () => socket.destroy());
      return;
    }
    if (this.#beyond.size > 0 && this.#beyond.has(nameOf(socket))) {
      this.#log.info({ client: clientAddress(socket) }, 'too many connections from there');
      socket.end('* BYE [LIMIT] Too many connections from your network\r\n', () => socket.destroy());
      return;
    }
    const connection = new Connection(socket, this.#services, options, this.#log);
    const { connections } = this.#services.metrics;
    connections.inc();
    const served = connection.serve().finally(() => {
      this.#connections.delete(connection);
      connections.dec();
    });
    this.#connections.set(connection, served);
  }
}

/** The same for a socket and for that of the TLS on it. */
function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

function ignore(): void {}

/** Resolves when all are settled, or when the time is over. */
async function settledWithin(ms: number, promises: readonly Promise<unknown>[]): Promise<void> {
  const over = new AbortController();
  const timeOut = delay(ms, undefined, { signal: over.signal }).catch(() => {});
  await Promise.race([Promise.allSettled(promises), timeOut]);
  over.abort();
}
