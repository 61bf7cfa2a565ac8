import { SmtpClient } from '../apps/smtp/src/testing/smtp-client.ts';

/** How a message is handed over: RFC 5321 §4.1.1.4, RFC 3030 §2. */
export type Handover = 'DATA' | 'BDAT';

const CHUNK_OCTETS = 1024 * 1024;

/** Sends messages by SMTP or LMTP, as quickly as the server answers: commands come in one packet (RFC 2920). */
export class MailSender extends SmtpClient {
  /** Reads the greeting and introduces itself. */
  async greet(verb: 'EHLO' | 'LHLO' = 'EHLO'): Promise<void> {
    await this.reply();
    await this.#expect(`${verb} mx.north.example`);
  }

  async logIn(user: string, password: string): Promise<void> {
    await this.#expect(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
  }

  /** STARTTLS and the handshake; nobody checks whose certificate it is. */
  async secure(): Promise<void> {
    await this.#expect('STARTTLS');
    await this.startTls({ rejectUnauthorized: false });
    await this.#expect('EHLO mx.north.example');
  }

  /** @param message ends in CRLF, and no line begins with a dot. @throws if it is refused */
  async deliver(reversePath: string, recipient: string, message: Buffer, handover: Handover = 'DATA'): Promise<void> {
    const envelope = `MAIL FROM:<${reversePath}>\r\nRCPT TO:<${recipient}>\r\n`;
    if (handover === 'DATA') await this.#data(envelope, message);
    else await this.#chunks(envelope, message);
    this.history.length = 0;
  }

  async #data(envelope: string, message: Buffer): Promise<void> {
    this.send(`${envelope}DATA\r\n`);
    for (const code of ['250', '250', '354']) await this.#take(code);
    this.socket.cork();
    this.send(message);
    this.send('.\r\n');
    this.socket.uncork();
    await this.#take('250');
  }

  async #chunks(envelope: string, message: Buffer): Promise<void> {
    this.send(envelope);
    for (const code of ['250', '250']) await this.#take(code);
    for (let at = 0; at < message.length; at += CHUNK_OCTETS) {
      const chunk = message.subarray(at, at + CHUNK_OCTETS);
      this.send(`BDAT ${chunk.length}${at + CHUNK_OCTETS < message.length ? '' : ' LAST'}\r\n`);
      this.send(chunk);
      await this.#take('250');
    }
  }

  async #expect(command: string): Promise<void> {
    this.send(`${command}\r\n`);
    await this.#take('2');
  }

  async #take(code: string): Promise<void> {
    const reply = await this.reply();
    if (reply.at(-1)?.startsWith(code) !== true) throw this.failure(`refused: ${reply.join(' / ')}`);
  }
}
