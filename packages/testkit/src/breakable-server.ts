import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { DatabaseTarget } from '@postel/config';

/** The database as over a network that fails when a test wants it to. */
export interface BreakableServer extends AsyncDisposable {
  readonly target: DatabaseTarget;
  /** Connections that came, those refused included. */
  readonly connections: number;
  /** Passes nothing on any more, either way, on the connections there are. */
  hang(): void;
  /** Answers come so much later from now on. */
  slow(ms: number): void;
  /** The next client that sends these octets hears nothing more. Resolves when the server has answered. */
  loseAnswerTo(octets: string): Promise<void>;
  /** Cuts the connection of the next client that sends these octets, and all others, before the server has them. */
  cutBefore(octets: string): void;
  /** Cuts all connections. */
  cut(): void;
  /** Cuts all connections, and those to come as soon as they come, or no more. */
  refuse(isRefusing: boolean): void;
}

export async function startBreakableServer(target: DatabaseTarget): Promise<BreakableServer> {
  const sockets = new Set<Socket>();
  let lost: { readonly octets: string; readonly answered: () => void } | null = null;
  let cutBefore: string | null = null;
  let isRefusing = false;
  let connections = 0;
  let slowMs = 0;

  const server = createServer({ noDelay: true }, (client) => {
    connections++;
    if (isRefusing) {
      client.destroy();
      return;
    }
    const upstream = connectTo(target);
    let answered: (() => void) | null = null;
    client.on('data', (sent) => {
      if (cutBefore !== null && sent.includes(cutBefore)) {
        cutBefore = null;
        return cut();
      }
      if (lost !== null && sent.includes(lost.octets)) {
        ({ answered } = lost);
        lost = null;
      }
      upstream.write(sent);
    });
    upstream.on('data', (answer) => {
      if (answered !== null) answered();
      else if (slowMs > 0) setTimeout(() => client.write(answer), slowMs);
      else client.write(answer);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { user, database } = 'url' in target ? partsOf(target.url) : target;

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    target: { url: `postgres://${user}@127.0.0.1:${address.port}/${database}` },
    loseAnswerTo(octets) {
      const { promise, resolve } = Promise.withResolvers<void>();
      lost = { octets, answered: resolve };
      return promise;
    },
    cutBefore(octets) {
      cutBefore = octets;
    },
    get connections() {
      return connections;
    },
    hang() {
      for (const socket of sockets) socket.pause();
    },
    slow(ms) {
      slowMs = ms;
    },
    cut,
    refuse(is) {
      isRefusing = is;
      if (is) cut();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

function connectTo(target: DatabaseTarget): Socket {
  if (!('url' in target)) return connect(`${target.socketDirectory}/.s.PGSQL.5432`);
  const { hostname, port } = new URL(target.url);
  return connect(Number(port), hostname);
}

function partsOf(url: string) {
  const { username, pathname } = new URL(url);
  return { user: username, database: pathname.slice(1) };
}
