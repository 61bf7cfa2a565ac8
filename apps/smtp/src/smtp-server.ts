import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { SmtpListener } from '@postel/config';
import { clientAddress, HeapReserve, type Logger, listenOn, type ServerCertificates } from '@postel/supervision';
import { Connection } from './connection.ts';
import { CONNECTIONS, LISTENER_LOG_MS, REFUSED_CONNECTIONS, STOP_LINGER_MS } from './limits.ts';
import { listenerName } from './listener-name.ts';
import { replies, type SmtpReply } from './replies.ts';
import type { Services } from './services.ts';

export interface SmtpServerOptions {
  readonly listener: SmtpListener;
  readonly certificates: ServerCertificates;
  readonly services: Services;
  readonly log: Logger;
}

/** One listener and the connections that came through it. */
export class SmtpServer {
  readonly #options: SmtpServerOptions;
  readonly #log: Logger;
  readonly #label: { readonly listener: string };
  readonly #server: Server;
  readonly #heap: HeapReserve;
  readonly #connections = new Set<Connection>();
  /** How many of them came from where too many are connected already. */
  #beyond = 0;
  #silentUntilMs = 0;

  constructor(options: SmtpServerOptions) {
    this.#options = options;
    this.#label = { listener: listenerName(options.listener) };
    this.#log = options.log.child(this.#label);
    this.#heap = new HeapReserve(this.#log);
    // A client may close its side behind its last command, and still listens: hence allowHalfOpen.
    this.#server = createServer({ allowHalfOpen: true, keepAlive: true, noDelay: true }, (socket) =>
      this.#serve(socket),
    );
    // Above CONNECTIONS a client hears why it may not come in; beyond this it hears nothing.
    this.#server.maxConnections = CONNECTIONS + REFUSED_CONNECTIONS;
  }

  /** Those that are open, also where one side has closed. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** @returns the port. @throws {ListenError} */
  async start(): Promise<number> {
    const port = await listenOn(this.#server, this.#options.listener);
    this.#server.on('error', this.#onError);
    return port;
  }

  /** Accepts no more connections, and ends those there are: at once, or with their mail transaction until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve();
    this.#server.close();
    for (const connection of this.#connections) connection.stop();
    await Promise.race([closed, delay(deadlineMs, null, { ref: false })]);
    for (const connection of this.#connections) connection.hangUp(replies.shuttingDown);
    await Promise.race([closed, delay(STOP_LINGER_MS, null, { ref: false })]);
    for (const connection of this.#connections) connection.destroy();
  }

  #serve(socket: Socket): void {
    const { services, listener, certificates } = this.#options;
    const { metrics } = services;
    const place = services.connectionCount.enter(clientAddress(socket));
    // To some of them it is said what is wrong, under TLS too. More would keep everybody else out by being refused slowly.
    if (place.isBeyond && this.#beyond >= REFUSED_CONNECTIONS) {
      place.leave();
      socket.destroy();
      return;
    }
    const refusal = this.#refusal(place.isBeyond, clientAddress(socket));
    metrics.connections.inc(this.#label);
    metrics.openConnections.inc(this.#label);

    const id = randomBytes(5).toString('hex');
    const connection = new Connection(socket, { id, services, listener, certificates, log: this.#log });
    this.#connections.add(connection);
    if (place.isBeyond) this.#beyond++;
    socket.once('close', () => {
      this.#connections.delete(connection);
      if (place.isBeyond) this.#beyond--;
      place.leave();
      metrics.openConnections.dec(this.#label);
    });
    void connection.serve(refusal);
  }

  #refusal(isBeyond: boolean, address: string): SmtpReply | null {
    if (this.#connections.size >= CONNECTIONS || this.#heap.isTouched) return replies.tooManyConnections;
    if (isBeyond) return replies.tooManyFromNetwork;
    const { listener, services } = this.#options;
    return listener.kind === 'mx' && services.networkUse.isHostBeyond(address) ? replies.tooManyFailures : null;
  }

  /** Of accepting: most likely there are no more file descriptors, and the next attempt fails in a moment too. */
  readonly #onError = (error: Error): void => {
    const now = performance.now();
    if (now < this.#silentUntilMs) return;
    this.#silentUntilMs = now + LISTENER_LOG_MS;
    this.#log.error({ err: error }, 'connections cannot be accepted');
  };
}
