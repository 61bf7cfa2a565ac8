import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

/** What came with one message. */
interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly recipients: readonly string[];
  readonly body: Buffer;
}

type Script = (response: ServerResponse, asked: Asked) => void;

/** An HTTP server on this machine that answers as a test needs it, and keeps what it was asked. */
export class ScriptedRspamd implements AsyncDisposable {
  readonly asked: Asked[] = [];
  script: Script;
  readonly #server: Server;

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.script = script;
    server.on('request', async (request, response) => {
      request.on('error', () => undefined);
      const body = Buffer.concat(await Array.fromAsync(request).catch(() => []));
      const { rcpt: recipients = [] } = request.headersDistinct;
      const asked = { path: `${request.method} ${request.url}`, headers: request.headers, recipients, body };
      this.asked.push(asked);
      this.script(response, asked);
    });
  }

  /** @param script what it does at first: an answer, or whatever else */
  static async start(script: Script | object): Promise<ScriptedRspamd> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedRspamd(server, typeof script === 'function' ? (script as Script) : says(script));
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Answers with that. */
export function says(answer: object): Script {
  return (response) => response.end(JSON.stringify(answer));
}
