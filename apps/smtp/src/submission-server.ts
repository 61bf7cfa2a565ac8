import { constants, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { SmtpListener } from '@postel/config';
import type { Logger } from '@postel/supervision';
import { SMTPServer } from 'smtp-server';
import { Connection } from './connection.ts';
import { ConnectionCount } from './connection-count.ts';
import { CONNECTIONS, TLS_HANDSHAKE_MS } from './limits.ts';
import { replies } from './replies.ts';
import type { Services } from './services.ts';

export interface SubmissionServerOptions {
  readonly listener: SmtpListener;
  /** PEM: the certificate with its chain, and its private key. */
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer };
  readonly services: Services;
  readonly log: Logger;
}

/** One listener of submission: RFC 6409, and with implicit TLS RFC 8314 §3.3. */
export class SubmissionServer extends SMTPServer {
  readonly #options: SubmissionServerOptions;
  readonly #log: Logger;
  readonly #label: { readonly listener: string };
  readonly #count = new ConnectionCount();

  constructor(options: SubmissionServerOptions) {
    super({
      ...options.certificate, // smtp-server has a key of its own, which everybody knows
      secure: options.listener.tls === 'implicit',
      name: options.services.hostname,
      maxClients: CONNECTIONS, // here: handshakes at once
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      disableReverseLookup: true,
      logger: false,
      // A client may close its side behind its last command, and still listens.
      allowHalfOpen: true,
      keepAlive: true,
    });
    this.#options = options;
    const { kind, tls } = options.listener;
    this.#label = { listener: tls === 'implicit' ? `${kind}s` : kind };
    this.#log = options.log.child(this.#label);
  }

  /** @returns the port. Throws as `listen` of node:net does. */
  async start(): Promise<number> {
    const { host, port } = this.#options.listener;
    const server = this.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  /** Accepts no more connections, and ends those there are: at once, or with their mail transaction until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    const closed = this.server.listening ? once(this.server, 'close') : Promise.resolve();
    this.server.close();
    for (const socket of this._pendingSockets.values()) socket.destroy();
    for (const connection of this.#connections()) connection.stop();
    await Promise.race([closed, setTimeout(deadlineMs, null, { ref: false })]);
    for (const connection of this.#connections()) connection.hangUp(replies.shuttingDown);
  }

  override connect(socket: Socket): void {
    const { services, listener } = this.#options;
    const { metrics } = services;
    const address = socket.remoteAddress ?? '';
    const refusal = this.#count.enter(address);
    metrics.connections.inc(this.#label);
    metrics.openConnections.inc(this.#label);
    socket.once('close', () => {
      this.#count.leave(address);
      metrics.openConnections.dec(this.#label);
    });

    const id = randomBytes(5).toString('hex');
    const connection = new Connection(this, socket, { id, services, listener, log: this.#log, refusal });
    this.connections.add(connection);
    connection.init();
  }

  override _upgrade(socket: Socket, callback: Parameters<SMTPServer['_upgrade']>[1]): void {
    const timer = globalThis.setTimeout(() => this._pendingSockets.get(socket)?.destroy(), TLS_HANDSHAKE_MS);
    super._upgrade(socket, (error, tlsSocket) => {
      clearTimeout(timer);
      callback(error, tlsSocket);
    });
  }

  /** Of a handshake, or of the listening socket; a failure to listen is start()'s. */
  override _onError(error: Error & { code?: string; remoteAddress?: string }): void {
    if (!this.server.listening) return;
    this.#log.info({ code: error.code, client: error.remoteAddress, reason: error.message }, 'no connection');
  }

  #connections(): Connection[] {
    return [...this.connections].filter((connection) => connection instanceof Connection);
  }
}
