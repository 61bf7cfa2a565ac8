import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls';
import type { CertificateFiles, ImapListener } from '@postel/config';
import type { Logger } from '@postel/supervision';
import { Connection } from './connection.ts';
import { CONNECTIONS, TLS_HANDSHAKE_MS } from './limits.ts';
import type { ImapMetrics } from './metrics.ts';
import type { Services } from './session.ts';

/** Connections that the system holds while we are busy. */
const BACKLOG = 1_024;

/** The listeners of one process and the connections that came through them. */
export class ImapServer {
  readonly #services: Services;
  readonly #metrics: ImapMetrics;
  readonly #log: Logger;
  readonly #certificate: { readonly cert: Buffer; readonly key: Buffer };
  readonly #secureContext: SecureContext;
  readonly #servers: Server[] = [];
  readonly #connections = new Map<Connection, Promise<void>>();

  private constructor(
    services: Services,
    certificate: { cert: Buffer; key: Buffer },
    metrics: ImapMetrics,
    log: Logger,
  ) {
    this.#services = services;
    this.#metrics = metrics;
    this.#log = log;
    this.#certificate = certificate;
    this.#secureContext = createSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
  }

  static async create(
    services: Services,
    files: CertificateFiles,
    metrics: ImapMetrics,
    log: Logger,
  ): Promise<ImapServer> {
    const [cert, key] = await Promise.all([readFile(files.certFile), readFile(files.keyFile)]);
    return new ImapServer(services, { cert, key }, metrics, log);
  }

  /** @returns the port, which the system chose if `listener.port` is 0 */
  async listen(listener: ImapListener): Promise<number> {
    const accept = (socket: Socket) => this.#accept(socket, listener);
    const server =
      listener.tls === 'implicit'
        ? createTlsServer(
            {
              ...this.#certificate,
              minVersion: 'TLSv1.2',
              handshakeTimeout: TLS_HANDSHAKE_MS,
              ALPNProtocols: ['imap'],
            },
            accept,
          )
        : createServer(accept);
    server.maxConnections = CONNECTIONS;
    server.on('tlsClientError', (error, socket) => {
      this.#log.info({ err: error, client: socket.remoteAddress }, 'TLS handshake failed');
      socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: listener.host, port: listener.port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#log.error({ err: error }, 'listener failed'));
        resolve();
      });
    });
    this.#servers.push(server);
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : listener.port;
  }

  /** Stops listening, says BYE to everybody, and waits for the commands in hand. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    await Promise.all([...this.#connections.keys()].map((connection) => connection.shutDown()));
    await Promise.all(this.#connections.values());
  }

  #accept(socket: Socket, listener: ImapListener): void {
    socket.on('error', () => {}); // the connection logs it; this one is for the time before
    const connection = new Connection(
      socket,
      this.#services,
      {
        isTls: listener.tls === 'implicit',
        allowPlaintextLogin: listener.allowPlaintextLogin,
        secureContext: () => this.#secureContext,
        metrics: this.#metrics,
      },
      this.#log,
    );
    this.#metrics.connections.inc();
    const served = connection.serve().finally(() => {
      this.#connections.delete(connection);
      this.#metrics.connections.dec();
    });
    this.#connections.set(connection, served);
  }
}
