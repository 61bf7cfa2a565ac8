import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { Transcript } from './transcript.ts';

const LF = 0x0a;

/** A client that knows no SMTP: it sends what a test says and hands out the lines that come. */
export class SmtpClient implements AsyncDisposable {
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number): Promise<SmtpClient> {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new SmtpClient(socket);
  }

  static async connectTls(port: number, options: ConnectionOptions): Promise<SmtpClient> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options });
    await once(socket, 'secureConnect');
    socket.setNoDelay();
    return new SmtpClient(socket);
  }

  /** The socket as it is now; after `startTls` the one with TLS. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Sends exactly this, in one packet if it fits. Characters are octets. */
  send(text: string | Buffer): void {
    this.#socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Sends that much, at the pace of the server. */
  async sendAll(chunks: Iterable<Buffer>): Promise<void> {
    for (const chunk of chunks) {
      while (this.#socket.writableNeedDrain && !this.#hasEnded) await this.#change();
      if (this.#hasEnded) return;
      this.#socket.write(chunk);
    }
  }

  /** The next line without its CRLF; null if the server has closed instead. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#received.indexOf(LF);
      if (end !== -1) {
        const line = this.#received.toString('latin1', 0, end);
        this.#received = this.#received.subarray(end + 1);
        if (!line.endsWith('\r')) throw new Error(`a line of the server ends in a bare LF: ${JSON.stringify(line)}`);
        return line.slice(0, -1);
      }
      if (this.#hasEnded) return null;
      await this.#change();
    }
  }

  /** The lines of the next reply. */
  async reply(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw new Error(`the server closed where a reply was due, after ${JSON.stringify(lines)}`);
      lines.push(line);
      if (line[3] !== '-') return lines;
    }
  }

  /** Sends a command and gives the last line of the reply. */
  async command(text: string): Promise<string> {
    this.send(`${text}\r\n`);
    return (await this.reply()).at(-1) ?? '';
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
    ...values: readonly string[]
  ): Promise<Readonly<Record<string, string>>> {
    return await new Transcript(String.raw(template, ...values)).play(this);
  }

  /** Resolves when the server has closed, with the lines that it said before. */
  async closed(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== null; line = await this.line()) lines.push(line);
    return lines;
  }

  /** The TLS handshake of a client that got its 220. */
  async startTls(options: ConnectionOptions): Promise<TLSSocket> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, servername: 'localhost', ...options });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#listen();
    return socket;
  }

  /** Closes this side, and still listens. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Goes away as a program does that is killed. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    const changed = () => {
      // The socket in the clear goes on under TLS, and its end is not what a test asks for.
      if (socket !== this.#socket) return;
      this.#hasEnded ||= socket.readableEnded || socket.destroyed;
      for (const wake of this.#waiting.splice(0)) wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      changed();
    });
    for (const event of ['drain', 'end', 'error', 'close'] as const) socket.on(event, changed);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
