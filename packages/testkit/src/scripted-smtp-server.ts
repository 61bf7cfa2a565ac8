import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { TLSSocket, type TlsOptions } from 'node:tls';

/** One connection to a server that does what a test says. */
export class SmtpSession {
  #socket: Socket;
  #lines: AsyncIterator<string> | null = null;
  readonly #tls: TlsOptions;
  /** What the client sent, line by line, since TLS began. */
  readonly heard: string[] = [];

  constructor(socket: Socket, tls: TlsOptions) {
    this.#socket = socket.on('error', () => {});
    this.#tls = tls;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Sends lines. */
  send(...lines: readonly string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** The client's next line; empty when it is gone. */
  async line(): Promise<string> {
    this.#lines ??= linesOf(this.#socket);
    const { value = '' } = await this.#lines.next().catch(() => ({ value: '' }));
    this.heard.push(value);
    return value;
  }

  /** Sends these lines, and hears what comes. */
  async ask(...lines: readonly string[]): Promise<string> {
    this.send(...lines);
    return await this.line();
  }

  async startTls(): Promise<TLSSocket> {
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    const secured = new TLSSocket(this.#socket, { isServer: true, ...this.#tls });
    this.#socket = secured.on('error', () => {});
    this.#lines = null;
    this.heard.length = 0;
    // Or the client has left at once.
    await Promise.race([once(secured, 'secure'), once(secured, 'close')]).catch(() => {});
    return secured;
  }

  /** Takes a transaction, from MAIL to QUIT; gives MAIL, and the message as it came. */
  async takeMail(mail: string): Promise<{ readonly mail: string; readonly message: string }> {
    let line = await this.ask('250 2.1.0 Ok');
    while (line.startsWith('RCPT')) line = await this.ask('250 2.1.5 Ok');
    const message: string[] = [];
    this.send('354 Go ahead');
    for (let next = await this.line(); next !== '.'; next = await this.line()) message.push(next);
    await this.ask('250 2.0.0 Accepted');
    this.send('221 2.0.0 Bye');
    return { mail, message: message.join('\n') };
  }
}

function linesOf(socket: Socket): AsyncIterator<string> {
  const lines = createInterface({ input: socket });
  const iterator = lines[Symbol.asyncIterator]();
  // A connection that is broken off has no end of its own.
  if (socket.destroyed) lines.close();
  socket.once('close', () => lines.close());
  return iterator;
}

/** A server on a port of its own, for one client. */
export class SmtpServerForTests<Result> implements AsyncDisposable {
  readonly port: number;
  /** What the script made of its one connection. */
  readonly result: Promise<Result>;
  readonly #close: () => Promise<void>;

  private constructor(port: number, result: Promise<Result>, close: () => Promise<void>) {
    this.port = port;
    this.result = result;
    this.#close = close;
  }

  static async start<Result>(
    tls: TlsOptions,
    script: (session: SmtpSession) => Promise<Result>,
    address = '127.0.0.1',
  ): Promise<SmtpServerForTests<Result>> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    promise.catch(() => {}); // a test that does not ask for it has failed already
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      script(new SmtpSession(socket, tls)).then(resolve, reject);
    });
    server.listen(0, address);
    await once(server, 'listening');
    const close = async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return new SmtpServerForTests((server.address() as AddressInfo).port, promise, close);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
