import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebListener } from '@postel/config';
import { type ConnectionCount, clientAddress, listenOn, type ServerCertificates } from '@postel/supervision';
import { CONNECTIONS, HEADER_OCTETS, HEADERS_MS, KEEP_ALIVE_MS, REQUEST_MS } from './limits.ts';

interface Listener extends WebListener {
  /** Browsers are asked for the key of a device. */
  readonly asksClientCertificate?: boolean;
}

/** One listener. */
export class WebServer {
  readonly #listener: Listener;
  readonly #server: Server;

  constructor(
    listener: Listener,
    certificates: ServerCertificates,
    connections: ConnectionCount,
    handle: RequestListener,
  ) {
    const options = {
      maxHeaderSize: HEADER_OCTETS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    };
    this.#listener = listener;
    if (listener.isTls) {
      const { options: certificate, choose } = certificates;
      const server = createHttpsServer(
        {
          ...options,
          ...certificate,
          SNICallback: choose,
          ALPNProtocols: ['http/1.1'],
          requestCert: listener.asksClientCertificate === true,
          rejectUnauthorized: false, // it is self-signed; its key alone counts
        },
        handle,
      );
      certificates.keepCurrent(server);
      this.#server = server;
    } else {
      this.#server = createHttpServer(options, handle);
    }
    this.#server.maxConnections = CONNECTIONS;
    this.#server.on('connection', (socket: Socket) => {
      const place = connections.enter(clientAddress(socket));
      socket.once('close', () => place.leave());
      if (place.isBeyond) socket.destroy();
    });
  }

  /** @returns the port. @throws {ListenError} */
  start(): Promise<number> {
    return listenOn(this.#server, this.#listener);
  }

  /** Accepts no more, and ends what is open: at once where nothing is asked, else with its answer or at the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    await Promise.race([closed, delay(deadlineMs, null, { ref: false })]);
    this.#server.closeAllConnections();
    await closed;
  }
}
