import { LineClient } from '@postel/testkit';

/** A client that knows of SMTP where a reply ends. */
export class SmtpClient extends LineClient {
  /** RFC 5321 §4.2.1: all lines of a reply but the last have a hyphen behind the code. */
  endsAnswer(line: string): boolean {
    return line[3] !== '-';
  }

  /** The lines of the next reply. */
  async reply(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw this.failure('the server closed where a reply was due');
      lines.push(line);
      if (this.endsAnswer(line)) return lines;
    }
  }

  /** Sends a command and gives the last line of the reply. */
  async command(text: string): Promise<string> {
    this.send(`${text}\r\n`);
    return (await this.reply()).at(-1) ?? '';
  }
}
