import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A port that leads to a server's port, where what programs say in the clear is overheard. */
export class OverheardPort implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #heard: Buffer[] = [];

  private constructor(server: Server, target: number) {
    this.#server = server;
    server.on('connection', (client) => {
      const upstream = connect({ port: target, host: '127.0.0.1' });
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
      client.on('data', (octets: Buffer) => this.#heard.push(octets));
    });
  }

  static async start(target: number): Promise<OverheardPort> {
    const server = createServer();
    const port = new OverheardPort(server, target);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The commands since this was last asked, without their tags; what stands in literals is among them. */
  commands(): readonly string[] {
    const lines = Buffer.concat(this.#heard).toString('latin1').split('\r\n');
    this.#heard = [];
    return lines.map((line) => line.replace(/^[\w.]+ (?=\w)/, '')).filter((line) => line !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
