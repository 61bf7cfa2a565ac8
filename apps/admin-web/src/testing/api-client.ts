import { request } from 'node:http';
import { json, text } from 'node:stream/consumers';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what should be there
  readonly body: any;
}

/** A program that uses the API, with the session or the token that it got. */
export class ApiClient {
  readonly #port: number;
  readonly #from: string;
  /** As in `Cookie`. */
  cookie: string | null = null;
  token: string | null = null;

  /** @param from where it is: any address of 127.0.0.0/8 */
  constructor(port: number, from = '127.0.0.1') {
    this.#port = port;
    this.#from = from;
  }

  /** Signed in with a password. */
  static async signedIn(port: number, login: string, password: string, from?: string): Promise<ApiClient> {
    const client = new ApiClient(port, from);
    await client.signIn({ as: 'account', login, password });
    return client;
  }

  static async admin(port: number, password = 'postelpostel'): Promise<ApiClient> {
    const client = new ApiClient(port);
    await client.signIn({ as: 'admin', password });
    return client;
  }

  async signIn(body: object): Promise<ApiAnswer> {
    const answer = await this.send('POST', '/api/v1/session', { body });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer;
  }

  /** As a page of this server would: `origin` and `body` may be others. */
  send(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<ApiAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
    const content = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    const asked = request(
      {
        host: '127.0.0.1',
        localAddress: this.#from,
        port: this.#port,
        method,
        path,
        agent: false,
        headers: {
          host: `localhost:${this.#port}`,
          ...(this.cookie === null ? {} : { cookie: this.cookie, origin: `http://localhost:${this.#port}` }),
          ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
          ...(content === null
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
          ...headers,
        },
      },
      async (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        const [cookie] = answered['set-cookie'] ?? [];
        if (cookie !== undefined) this.cookie = cookie.split(';', 1)[0] ?? null;
        const isJson = /json/.test(answered['content-type'] ?? '');
        const said = isJson ? await json(response) : await text(response);
        resolve({ status, headers: answered, body: said });
      },
    );
    asked.once('error', reject);
    asked.end(content ?? undefined);
    return promise;
  }

  get = (path: string) => this.send('GET', `/api/v1${path}`);
  post = (path: string, body: unknown) => this.send('POST', `/api/v1${path}`, { body });
  delete = (path: string) => this.send('DELETE', `/api/v1${path}`);
  patch = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    this.send('PATCH', `/api/v1${path}`, { body, headers });
}
