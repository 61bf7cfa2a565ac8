import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { MadeCertificate } from './test-certificate.ts';

/** A web server that has a policy. */
export class PolicyWeb implements AsyncDisposable {
  /** `host path` of each request. */
  readonly asked: string[] = [];
  /** What it does; changed by a test as it likes. */
  answer: (response: ServerResponse, request: IncomingMessage) => void = (response) => plain(response, '');
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      this.asked.push(`${request.headers.host} ${request.url}`);
      this.answer(response, request);
    });
  }

  static async start({ key, cert }: Pick<MadeCertificate, 'key' | 'cert'>): Promise<PolicyWeb> {
    const server = createServer({ key, cert }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PolicyWeb(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(policy: string): void {
    this.answer = (response) => plain(response, policy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function plain(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
