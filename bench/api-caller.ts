import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { REQUESTS } from '../apps/admin-web/src/limits.ts';

/** What a program shows of itself with each request. */
export interface Identity {
  /** As in `Cookie`. */
  readonly cookie?: string;
  readonly token?: string;
}

interface Answer {
  readonly body: string;
  readonly octets: number;
  /** Empty if there is none. */
  readonly etag: string;
}

/** The web answers a network so many requests at once before it slows it down: none of ours makes them all. */
const REQUESTS_FROM_ONE = REQUESTS.limit / 2;

let addresses = 0;

/** A client of the API with one connection that it keeps, and another address of the loopback now and then. */
export class ApiCaller {
  readonly #port: number;
  readonly #identity: Identity;
  #agent: Agent | null = null;
  #from = '';
  #left = 0;

  constructor(port: number, identity: Identity) {
    this.#port = port;
    this.#identity = identity;
  }

  /** @param body for POST /api/v1/session @returns the session */
  static async signIn(port: number, body: object): Promise<Identity> {
    const { cookie } = await new ApiCaller(port, {}).call('POST', '/session', { body });
    return { cookie };
  }

  /** @param path below /api/v1 @throws if the answer is no success */
  call(
    method: string,
    path: string,
    { body, ifMatch }: { readonly body?: object; readonly ifMatch?: string } = {},
  ): Promise<Answer & { readonly cookie: string }> {
    if (this.#left-- <= 0) this.#move();
    const { cookie, token } = this.#identity;
    const content = body === undefined ? null : JSON.stringify(body);
    const host = `localhost:${this.#port}`;
    const { promise, resolve, reject } = Promise.withResolvers<Answer & { readonly cookie: string }>();
    const asked = request(
      {
        host: '127.0.0.1',
        localAddress: this.#from,
        port: this.#port,
        method,
        path: `/api/v1${path}`,
        agent: this.#agent ?? false,
        headers: {
          host,
          ...(cookie !== undefined && { cookie, origin: `http://${host}` }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(ifMatch !== undefined && { 'if-match': ifMatch }),
          ...(content !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
        },
      },
      async (response) => {
        const { statusCode = 0, headers } = response;
        const said = await text(response);
        if (statusCode < 200 || statusCode > 299) reject(new Error(`${method} ${path}: ${statusCode} ${said}`));
        const [first = ''] = headers['set-cookie'] ?? [];
        const [set = ''] = first.split(';', 1);
        resolve({ body: said, octets: Buffer.byteLength(said), etag: headers.etag ?? '', cookie: set });
      },
    );
    asked.once('error', reject);
    asked.end(content ?? undefined);
    return promise;
  }

  #move(): void {
    const number = addresses++;
    this.#from = `127.1.${(number >> 8) & 255}.${number & 255}`;
    this.#left = REQUESTS_FROM_ONE - 1;
    this.#agent?.destroy();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
  }
}
