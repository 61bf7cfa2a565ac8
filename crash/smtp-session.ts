import { Connection, type Endpoint } from './connection.ts';
import type { Login } from './imap-session.ts';

/** A reply of SMTP or LMTP: its last line. */
export interface SmtpReply {
  readonly code: number;
  readonly text: string;
}

/** An SMTP or LMTP connection. One that ends throws ConnectionEnded from any of its methods. */
export class SmtpSession implements Disposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @returns null if the server says that it cannot now */
  static async open(endpoint: Endpoint, greeting: 'EHLO' | 'LHLO', login: Login | null): Promise<SmtpSession | null> {
    const session = new SmtpSession(await Connection.open(endpoint));
    try {
      const replies = [await session.reply(), await session.command(`${greeting} client.example`)];
      if (login !== null) {
        const credentials = Buffer.from(`\0${login.name}\0${login.password}`).toString('base64');
        replies.push(await session.command(`AUTH PLAIN ${credentials}`));
      }
      if (replies.every(({ code }) => code < 300)) return session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
    session[Symbol.dispose]();
    return null;
  }

  async command(text: string): Promise<SmtpReply> {
    this.#connection.send(`${text}\r\n`);
    return await this.reply();
  }

  /**
   * Sends the message, with dots stuffed, and behind it the final dot (RFC 5321 §4.5.2). The reply is for the caller to read.
   *
   * @param ending called when the final dot is on its way, behind all the rest
   */
  async sendMessage(message: Buffer, ending: () => void): Promise<void> {
    const stuffed = message.toString('latin1').replace(/^\./gm, '..');
    this.#connection.send(Buffer.from(stuffed, 'latin1'));
    await this.#connection.flush();
    this.#connection.send('.\r\n');
    ending();
  }

  async reply(): Promise<SmtpReply> {
    for (;;) {
      const text = await this.#connection.line();
      if (text[3] !== '-') return { code: Number.parseInt(text, 10), text };
    }
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}
