import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * What goes wrong with a request:
 * - `status`: the answer is that status, and the server behind hears nothing;
 * - `cut-upload`: the connection breaks on both sides after so many octets of the body;
 * - `lost-answer`: the server has done it, and the connection breaks;
 * - `cut-download`: the connection breaks after so many octets of the answer's body;
 * - `flip-upload`, `flip-download`: one bit of the body is another, at that octet;
 * - `hang`: nothing comes, until the client gives up.
 */
export type Fault =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'cut-upload'; readonly afterOctets: number }
  | { readonly type: 'lost-answer' }
  | { readonly type: 'cut-download'; readonly afterOctets: number }
  | { readonly type: 'flip-upload'; readonly at: number }
  | { readonly type: 'flip-download'; readonly at: number }
  | { readonly type: 'hang' };

export interface ProxiedRequest {
  readonly method: string;
  readonly url: string;
  /** From 1. */
  readonly number: number;
}

/** An HTTP proxy before one server. What goes wrong with a request, `fault` says; null: nothing. */
export class FaultProxy implements AsyncDisposable {
  fault: (request: ProxiedRequest) => Fault | null = () => null;
  readonly #server: Server;
  readonly #target: string;
  #requests = 0;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = target;
    server.on('request', (request, response) => {
      this.#forward(request, response).catch(() => request.socket.destroy());
    });
  }

  /** @param target `http://HOST:PORT` */
  static async start(target: string): Promise<FaultProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests so far. */
  get requests(): number {
    return this.#requests;
  }

  /** The next `times` requests that `isMeant` go wrong so, and no others. */
  failNext(fault: Fault, isMeant: (request: ProxiedRequest) => boolean = () => true, times = 1): void {
    let left = times;
    this.fault = (request) => (isMeant(request) && left-- > 0 ? fault : null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const fault = this.fault({ method, url, number: ++this.#requests });
    if (fault?.type === 'hang') return;
    const body = await buffer(request);
    if (fault?.type === 'status') {
      response.writeHead(fault.status).end();
      return;
    }
    const onward = sendRequest(`${this.#target}${url}`, { method, headers: request.headers, agent: false });
    if (fault?.type === 'cut-upload') {
      onward.on('error', () => {});
      onward.write(body.subarray(0, fault.afterOctets), () => onward.destroy());
      request.socket.destroy();
      return;
    }
    onward.end(fault?.type === 'flip-upload' ? flipped(body, fault.at) : body);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve);
      onward.once('error', reject);
    });
    const octets = await buffer(answer);
    if (fault?.type === 'lost-answer') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault?.type === 'cut-download') {
      response.write(octets.subarray(0, fault.afterOctets), () => request.socket.destroy());
      return;
    }
    response.end(fault?.type === 'flip-download' ? flipped(octets, fault.at) : octets);
  }
}

function flipped(octets: Buffer, at: number): Buffer {
  const other = Buffer.from(octets);
  if (at < other.length) other.writeUInt8(other.readUInt8(at) ^ 1, at);
  return other;
}
