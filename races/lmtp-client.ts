import { LineClient } from '@postel/testkit';

/** An LMTP client (RFC 2033) that knows what a reply is. */
export class LmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return line[3] !== '-';
  }

  static async greeted(port: number): Promise<LmtpClient> {
    const client = await LmtpClient.connect(port);
    await client.reply();
    await client.say('LHLO client.example');
    return client;
  }

  /** Delivers a message to one address, and gives the reply that says what became of it. */
  async deliver(address: string, message: string): Promise<string> {
    await this.say('MAIL FROM:<sender@example.com>');
    const recipient = await this.say(`RCPT TO:<${address}>`);
    if (!recipient.startsWith('250')) {
      await this.say('RSET');
      return recipient;
    }
    await this.say('DATA');
    return await this.say(`${message}\r\n.`);
  }

  /** Sends a line, or the end of a message, and gives the last line of the reply. */
  async say(text: string): Promise<string> {
    this.send(`${text}\r\n`);
    return await this.reply();
  }

  async reply(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line === null) throw this.failure('the server closed');
      if (this.endsAnswer(line)) return line;
    }
  }
}
