import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw } from 'node:zlib';
import { Transcript, type TranscriptPeer } from './transcript.ts';

const LF = 0x0a;
const CR = 0x0d;
/** No answer takes so long: a test that waits for one that does not come should say what it waited for. */
const ANSWER_MS = 20_000;
/** Lines of a failed dialogue that its error shows. */
const SHOWN_LINES = 30;

/**
 * A client that knows no protocol but lines: it sends what a test says and hands out the lines that come. Characters are
 * octets. SMTP and IMAP add what a command and its answer are.
 */
export abstract class LineClient implements TranscriptPeer, AsyncDisposable {
  readonly history: string[] = [];
  #socket: Socket;
  #received: Buffer[] = [];
  #hasEnded = false;
  #waiting: (() => void)[] = [];
  #deflate: DeflateRaw | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** @param localAddress where to connect from: any address of 127.0.0.0/8 */
  static async connect<Client>(
    this: new (
      socket: Socket,
    ) => Client,
    port: number,
    localAddress = '127.0.0.1',
  ): Promise<Client> {
    const socket = connectTcp({ port, host: '127.0.0.1', localAddress, noDelay: true });
    await once(socket, 'connect');
    return new this(socket);
  }

  static async connectTls<Client>(
    this: new (
      socket: Socket,
    ) => Client,
    port: number,
    options: ConnectionOptions & { readonly localAddress?: string },
  ): Promise<Client> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options });
    await once(socket, 'secureConnect');
    socket.setNoDelay();
    return new this(socket);
  }

  abstract endsAnswer(line: string): boolean;

  /** The socket as it is now; after `startTls` the one with TLS. */
  get socket(): Socket {
    return this.#socket;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends exactly this, in one packet if it fits. */
  send(octets: string | Buffer): void {
    const sent = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    if (this.#deflate === null) {
      this.#socket.write(sent);
      return;
    }
    this.#deflate.write(sent);
    this.#deflate.flush(constants.Z_SYNC_FLUSH);
  }

  /** Sends that much, at the pace of the server, as long as it takes anything. */
  async sendAll(chunks: Iterable<Buffer>): Promise<void> {
    for (const chunk of chunks) {
      while (this.#socket.writableNeedDrain && !this.#hasEnded) await this.#change();
      if (this.#hasEnded) return;
      this.#socket.write(chunk);
    }
  }

  async line(): Promise<string | null> {
    for (;;) {
      const line = this.#takeLine();
      if (line !== null) {
        this.history.push(`S: ${line}`);
        return line;
      }
      if (this.#hasEnded) return null;
      await this.#change();
    }
  }

  /** Exactly so many octets. */
  async octets(count: number): Promise<Buffer> {
    const isHere = () => this.#received.reduce((n, { length }) => n + length, 0) >= count;
    while (!isHere()) {
      if (this.#hasEnded) throw this.failure(`the server closed before ${count} octets`);
      await this.#change();
    }
    const all = Buffer.concat(this.#received);
    this.#received = [all.subarray(count)];
    return all.subarray(0, count);
  }

  /**
   * Plays a transcript: `C:` lines are sent, those that stand together in one packet; `S:` lines must come. In these `...` is
   * any text, and as a whole line any number of lines; `{name}` takes a value, or stands for the one it took before.
   * `S: (closed)`: the server has closed.
   *
   * @returns the values taken
   */
  async dialogue(
    template: TemplateStringsArray,
    ...values: readonly (string | number)[]
  ): Promise<Readonly<Record<string, string>>> {
    return await new Transcript(String.raw(template, ...values)).play(this);
  }

  /** Resolves when the server has closed, with the lines that it said before. */
  async closed(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== null; line = await this.line()) lines.push(line);
    return lines;
  }

  /** The TLS handshake of a client whose STARTTLS was accepted. */
  async startTls(options: ConnectionOptions): Promise<TLSSocket> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, servername: 'localhost', ...options });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#listen();
    return socket;
  }

  /** Both sides compress from here on, as zlib does. */
  startCompression(): void {
    const socket = this.#socket;
    const inflate = createInflateRaw();
    this.#deflate = createDeflateRaw();
    this.#deflate.on('data', (chunk: Buffer) => socket.write(chunk));
    for (const event of ['data', 'end', 'close'] as const) socket.removeAllListeners(event);
    socket.pipe(inflate);
    socket.on('close', () => inflate.end());
    inflate.on('error', () => {}); // the server did not come to an end
    inflate.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wakeAll();
    });
    inflate.on('close', () => {
      this.#hasEnded = true;
      this.#wakeAll();
    });
  }

  /** Closes this side, and still listens. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Goes away as a program does that is killed. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Takes nothing any more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  failure(message: string): Error {
    return new Error(`${message}\n${this.history.slice(-SHOWN_LINES).join('\n')}`);
  }

  #takeLine(): string | null {
    const newest = this.#received.at(-1);
    if (newest === undefined || (this.#received.length > 1 && !newest.includes(LF))) return null;
    const all = this.#received.length === 1 ? newest : Buffer.concat(this.#received);
    const end = all.indexOf(LF);
    this.#received = end === -1 ? [all] : [all.subarray(end + 1)];
    if (end === -1) return null;
    if (all[end - 1] !== CR) throw this.failure('a line of the server ends in a bare LF');
    return all.toString('latin1', 0, end - 1);
  }

  #listen(): void {
    const socket = this.#socket;
    const changed = () => {
      // The socket in the clear goes on under TLS, and its end is not what a test asks for.
      if (socket !== this.#socket) return;
      this.#hasEnded ||= socket.readableEnded || socket.destroyed;
      this.#wakeAll();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      changed();
    });
    for (const event of ['drain', 'end', 'error', 'close'] as const) socket.on(event, changed);
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.failure('nothing came from the server')), ANSWER_MS);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
