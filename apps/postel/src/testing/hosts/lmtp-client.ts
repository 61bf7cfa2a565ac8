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

  /**
   * @param message in lines that end in CRLF, none of which begins with a dot
   * @returns the reply for the recipient, or the first that refuses
   */
  async deliver(recipient: string, message: string | Buffer): Promise<string> {
    for (const command of ['MAIL FROM:<sender@example.net>', `RCPT TO:<${recipient}>`, 'DATA']) {
      const reply = await this.#say(command);
      if (!/^[23]/.test(reply)) return reply;
    }
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
