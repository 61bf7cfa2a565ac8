import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface SocksLogin {
  readonly user: string;
  readonly password: string;
}

export interface SocksServerOptions {
  /** Who may use it; null or left out: everybody. */
  readonly login?: SocksLogin | null;
  /** What it answers to CONNECT instead of connecting: RFC 1928 §6. */
  readonly refusal?: number;
  /** Where it connects to, whatever it is asked for: names of tests are in no DNS. */
  readonly target: { readonly host: string; readonly port: number };
}

/** A SOCKS5 proxy: RFC 1928, RFC 1929. */
export class SocksServer implements AsyncDisposable {
  /** `smtp.example.net:25`, as it was asked for them. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: SocksServerOptions;

  private constructor(server: Server, options: SocksServerOptions) {
    this.#server = server;
    this.#options = options;
    server.on('connection', (socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async start(options: SocksServerOptions): Promise<SocksServer> {
    const server = createServer();
    const socks = new SocksServer(server, options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return socks;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #serve(socket: Socket): Promise<void> {
    const [, count = 0] = await take(socket, 2);
    const methods = await take(socket, count);
    const { login = null, refusal, target } = this.#options;
    const method = login === null ? 0 : 2;
    if (!methods.includes(method)) {
      socket.end(Buffer.from([5, 0xff]));
      return;
    }
    socket.write(Buffer.from([5, method]));
    if (login !== null) {
      await take(socket, 1);
      const user = await takeText(socket);
      const password = await takeText(socket);
      const isRight = user === login.user && password === login.password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return void socket.end();
    }
    const [, , , type] = await take(socket, 4);
    const host = await takeHost(socket, type ?? 0);
    const port = (await take(socket, 2)).readUInt16BE();
    this.asked.push(`${host}:${port}`);
    if (refusal !== undefined) return void socket.end(Buffer.from([5, refusal, 0, 1, 0, 0, 0, 0, 0, 0]));
    const other = connect(target);
    this.#sockets.add(other.on('error', () => socket.destroy()));
    await once(other, 'connect');
    // Its own address by a name, which nobody is to stumble over.
    socket.write(Buffer.from([5, 0, 0, 3, 5, ...Buffer.from('proxy'), 0, 25]));
    other.pipe(socket);
    socket.pipe(other);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

async function takeText(socket: Socket): Promise<string> {
  const [length = 0] = await take(socket, 1);
  return (await take(socket, length)).toString();
}

async function takeHost(socket: Socket, type: number): Promise<string> {
  if (type === 1) return [...(await take(socket, 4))].join('.');
  if (type === 3) return await takeText(socket);
  return (await take(socket, 16)).toString('hex');
}

async function take(socket: Socket, octets: number): Promise<Buffer> {
  for (;;) {
    const taken: Buffer | null = socket.read(octets);
    if (taken !== null) return taken;
    await once(socket, 'readable');
  }
}
