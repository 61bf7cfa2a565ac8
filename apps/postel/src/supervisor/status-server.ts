import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Address } from '@postel/config';
import { listenOn } from '@postel/supervision';

export interface Health {
  readonly isHealthy: boolean;
  /** Part by part: `ready`, or what it is instead. */
  readonly parts: Readonly<Record<string, string>>;
}

export interface StatusSources {
  health(): Promise<Health>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 50;

/**
 * `/healthz` and `/metrics`: for monitoring, by a name that nobody else can have. A page of another site whose name leads here by now
 * (DNS rebinding) would read them otherwise.
 *
 * @param hostname the server's
 * @throws {ListenError}
 */
export async function serveStatus(
  address: Address,
  hostname: string,
  sources: StatusSources,
): Promise<AsyncDisposable> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, requireHostHeader: false }, (request, response) => {
    if (!isKnownHost(request.headers.host, hostname)) {
      const names = `localhost, its address, or ${hostname}`;
      send(response, 421, 'text/plain', `This server has another name: ask for ${names}.\n`);
      return;
    }
    const [path = '/'] = (request.url ?? '/').split('?', 1); // not by URL, which throws at what anybody may send: `//`
    answer(path, sources, response).catch((error: unknown) => {
      send(response, 500, 'text/plain', `${error instanceof Error ? error.message : error}\n`);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listenOn(server, address);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Without `Host` it is no browser (HTTP/1.0). */
function isKnownHost(host: string | undefined, hostname: string): boolean {
  if (host === undefined) return true;
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '');
  const isLocal = name === 'localhost' || name.endsWith('.localhost');
  const isAddress = /^\[[\da-f:.]+\]$|^\d{1,3}(\.\d{1,3}){3}$/.test(name);
  return isLocal || isAddress || name === hostname.toLowerCase();
}

async function answer(path: string, sources: StatusSources, response: ServerResponse): Promise<void> {
  if (path === '/healthz') {
    const { isHealthy, parts } = await sources.health();
    const body = { status: isHealthy ? 'ok' : 'unavailable', parts };
    send(response, isHealthy ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
  } else if (path === '/metrics') {
    send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await sources.metrics());
  } else {
    send(response, 404, 'text/plain', 'Here are /healthz and /metrics.\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
}
