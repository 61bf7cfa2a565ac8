import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { DecayingCounts, type Directory, prefixesOf } from '@postel/directory';
import { clientAddress, type Logger, type ServerCertificates, TlsConnection } from '@postel/supervision';
import { COUNTED_NETWORKS, KEY_REQUESTS } from './limits.ts';
import { RETURN_KEYS } from './return-keys.ts';

interface KeyListenerOptions {
  readonly directory: Directory;
  readonly certificates: ServerCertificates;
  readonly log: Logger;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

const STATE = /^\/sign-in\?state=([A-Za-z0-9_-]{43})$/;

/**
 * What answers where browsers are asked for keys. It knows no session, sets no cookie and has no pages: it looks whose key the handshake
 * has proved, of this connection and with each request, also where TLS was resumed, and leads back.
 */
export function keyListener({ directory, certificates, log, now }: KeyListenerOptions): RequestListener {
  const counts = new DecayingCounts({ maxEntries: COUNTED_NETWORKS, now });
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a sign-in by the key of a device failed');
      if (response.headersSent) response.destroy();
      else sayText(response, 503, 'This does not work now. Go back, and try again later.');
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method, url = '' } = request;
    const [, state] = STATE.exec(url) ?? [];
    if (state === undefined || method !== 'GET' || !(socket instanceof TLSSocket)) {
      sayText(
        response,
        404,
        'Nothing is here but the way to sign in by the key of a device. Begin on the sign-in page.',
      );
      return;
    }
    const address = clientAddress(socket);
    const network = prefixesOf(address).host;
    if (counts.waitMs(network, KEY_REQUESTS) > 0) {
      sayText(response, 429, 'Too many requests: wait a moment.');
      return;
    }
    counts.add(network, KEY_REQUESTS.intervalMs);
    const tls = new TlsConnection(socket, certificates);
    await tls.identifyClient(directory, log);
    if (tls.isClientUnclear) {
      sayText(response, 503, 'Whose key this is cannot be found out now. Go back, and try again later.');
      return;
    }
    const { clientKey, unknownKey, protocol } = tls;
    if (unknownKey !== null) {
      directory.recordUnknownKey({
        service: 'web',
        clientAddress: address,
        tlsVersion: protocol,
        clientKey: null,
        unknownKey,
      });
    }
    const shown = await directory.web.keySignIns.show(state, clientKey?.fingerprint ?? null);
    if (shown === null) {
      sayText(response, 404, 'This sign-in is over. Begin again on the sign-in page.');
      return;
    }
    const { returnTo, code } = shown;
    const problem = unknownKey === null ? 'none' : 'unknown';
    const told = code === null ? `${RETURN_KEYS.problem}=${problem}` : `${RETURN_KEYS.code}=${code}`;
    lead(response, `${returnTo}/#${told}`);
  }
}

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000',
} as const;

function lead(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...HEADERS, location }).end();
}

function sayText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
