import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** The connection ended, or never came about: whether what was asked has been done, nobody said. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
}

export interface Endpoint {
  readonly port: number;
  /** The authority that the certificate is of; null: no TLS. */
  readonly tls: { readonly ca: string; readonly servername: string } | null;
}

const LF = 0x0a;
/**
 * The server gives every write up after 25 s (docs/storage.md). Who went away before that could not tell what will be
 * done from what was not.
 */
const SILENCE_MS = 60_000;

/** Lines of octets to and from a server. Lines are without their CRLF. */
export class Connection implements Disposable {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #end: Error | null = null;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    const ended = (error?: Error) => {
      this.#end ??= new ConnectionEnded(error?.message ?? 'the server closed');
      this.#wake();
    };
    socket.on('error', ended);
    socket.on('end', () => ended());
    socket.on('close', () => ended());
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silence for ${SILENCE_MS / 1_000} s`)));
  }

  /** @throws {ConnectionEnded} */
  static async open({ port, tls }: Endpoint): Promise<Connection> {
    const at = { port, host: '127.0.0.1' };
    const socket = tls === null ? connectTcp(at) : connectTls({ ...at, ...tls });
    try {
      await once(socket, tls === null ? 'connect' : 'secureConnect');
    } catch (error) {
      socket.destroy();
      throw new ConnectionEnded('no connection', { cause: error });
    }
    return new Connection(socket);
  }

  /** Sends it; whether it arrives shows in the answer. */
  send(...octets: readonly (string | Buffer)[]): void {
    this.#socket.cork();
    for (const each of octets) this.#socket.write(each);
    this.#socket.uncork();
  }

  /** Resolves when the system has taken all that was sent, or the connection has ended. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.write('', () => resolve());
    });
  }

  /** @throws {ConnectionEnded} */
  async line(): Promise<string> {
    for (let searched = 0; ; searched = this.#received.length) {
      this.#join();
      const end = this.#received.indexOf(LF, searched);
      if (end >= 0)
        return this.#take(end + 1)
          .toString('latin1')
          .trimEnd();
      await this.#more();
    }
  }

  /** @throws {ConnectionEnded} */
  async octets(count: number): Promise<Buffer> {
    for (;;) {
      this.#join();
      if (this.#received.length >= count) return this.#take(count);
      await this.#more();
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    this.#received = Buffer.concat([this.#received, ...this.#chunks]);
    this.#chunks = [];
  }

  /** What came before the end is read first. */
  async #more(): Promise<void> {
    if (this.#chunks.length > 0) return;
    if (this.#end !== null) throw this.#end;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
