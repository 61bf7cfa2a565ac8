import { LineClient } from '@postel/testkit';

/** Delivers messages by LMTP (RFC 2033). */
export class LmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return /^\d{3} /.test(line);
  }

  async greet(): Promise<void> {
    await this.#reply();
    await this.#say('LHLO client.example.com');
  }

  /** @returns the reply for the recipient @param message in lines that end in CRLF, none of which begins with a dot */
  async deliver(recipient: string, message: string | Buffer): Promise<string> {
    await this.#say('MAIL FROM:<sender@example.net>');
    await this.#say(`RCPT TO:<${recipient}>`);
    await this.#say('DATA');
    this.send(message);
    this.send('.\r\n');
    return await this.#reply();
  }

  async #say(command: string): Promise<string> {
    this.history.push(`C: ${command}`);
    this.send(`${command}\r\n`);
    return await this.#reply();
  }

  async #reply(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line === null) throw this.failure('the server closed');
      if (this.endsAnswer(line)) return line;
    }
  }
}
