import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Transcript } from './transcript.ts';

const LF = 0x0a;
/** No answer takes so long: a test that waits for one that does not come should say what it waited for. */
const ANSWER_MS = 10_000;

/** What a command got for an answer. */
export interface Answer {
  readonly untagged: readonly string[];
  /** The rest of the tagged line. */
  readonly tagged: string;
}

/** A client that knows no IMAP: it sends what a test says and hands out the lines that come. Characters are octets. */
export class ImapClient implements AsyncDisposable {
  /** Everything said, for the message of a test that fails. */
  readonly history: string[] = [];
  #socket: Socket;
  #received: Buffer[] = [];
  #hasEnded = false;
  #wake: (() => void) | null = null;
  #nextTag = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number): Promise<ImapClient> {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new ImapClient(socket);
  }

  static async connectTls(port: number, ca: string): Promise<ImapClient> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    socket.setNoDelay();
    return new ImapClient(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends exactly this, in one packet if it fits. */
  send(octets: string | Buffer): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** Sends that much, at the pace of the server, as long as it takes anything. */
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
    let all = Buffer.concat(this.#received);
    while (all.length < count) {
      if (this.#hasEnded) throw new Error(`the server closed after ${all.length} octets of ${count}`);
      await this.#change();
      if (this.#received.reduce((n, { length }) => n + length, 0) >= count) all = Buffer.concat(this.#received);
    }
    this.#received = [all.subarray(count)];
    return all.subarray(0, count);
  }

  /** Sends a command under a tag of its own, and gives the lines up to its tagged answer. */
  async command(text: string): Promise<Answer> {
    const tag = `t${this.#nextTag++}`;
    this.history.push(`C: ${tag} ${text}`);
    this.send(`${tag} ${text}\r\n`);
    return await this.answer(tag);
  }

  async answer(tag: string): Promise<Answer> {
    const untagged: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw this.failure(`the server closed before the answer to ${tag}`);
      if (line.startsWith(`${tag} `)) return { untagged, tagged: line.slice(tag.length + 1) };
      untagged.push(line);
    }
  }

  /** Appends a message and gives its UID. */
  async append(mailbox: string, message: string | Buffer, flags = ''): Promise<number> {
    const octets = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
    const tag = `t${this.#nextTag++}`;
    this.send(Buffer.concat([line(`${tag} APPEND ${mailbox} (${flags}) {${octets.length}+}`), octets, line('')]));
    const { tagged } = await this.answer(tag);
    const uid = /^OK \[APPENDUID \d+ (\d+)\]/.exec(tagged)?.[1];
    if (uid === undefined) throw this.failure(`APPEND was answered ${tagged}`);
    return Number(uid);
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
    for (let next = await this.line(); next !== null; next = await this.line()) lines.push(next);
    return lines;
  }

  /** The TLS handshake of a client whose STARTTLS was answered OK. */
  async startTls(ca: string): Promise<void> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#listen();
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
    return new Error(`${message}\n${this.history.slice(-30).join('\n')}`);
  }

  #takeLine(): string | null {
    const newest = this.#received.at(-1);
    if (newest === undefined || (this.#received.length > 1 && !newest.includes(LF))) return null;
    const all = this.#received.length === 1 ? newest : Buffer.concat(this.#received);
    const end = all.indexOf(LF);
    this.#received = end === -1 ? [all] : [all.subarray(end + 1)];
    if (end === -1) return null;
    if (all[end - 1] !== 0x0d) throw this.failure('a line of the server ends in a bare LF');
    return all.toString('latin1', 0, end - 1);
  }

  #listen(): void {
    const socket = this.#socket;
    const changed = () => {
      // The socket in the clear goes on under TLS, and its end is not what a test asks for.
      if (socket !== this.#socket) return;
      this.#hasEnded ||= socket.readableEnded || socket.destroyed;
      this.#wake?.();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      changed();
    });
    for (const event of ['drain', 'end', 'error', 'close'] as const) socket.on(event, changed);
  }

  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.failure('nothing came from the server')), ANSWER_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const line = (text: string) => Buffer.from(`${text}\r\n`, 'latin1');
