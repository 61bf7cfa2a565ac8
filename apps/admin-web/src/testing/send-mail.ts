import { randomInt } from 'node:crypto';
import { LineClient } from '@postel/testkit';

class SmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return line[3] !== '-';
  }
}

export interface SentMail {
  readonly clientName?: string;
  /**
   * Of 127.0.0.0/8. Unless said, a network of its own: of one that is refused often most is counted together, and the server is that of
   * many tests.
   */
  readonly clientAddress?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly message?: string;
  /** Who logs in. */
  readonly account?: { readonly name: string; readonly password: string };
}

/** Brings a message by SMTP. @returns the last reply but that to QUIT, whatever it is */
export async function sendMail(
  port: number,
  { clientName = 'mx.example.net', clientAddress = anyClientAddress(), ...mail }: SentMail,
): Promise<string> {
  await using client = await SmtpClient.connect(port, clientAddress);
  const reply = async () => {
    for (;;) {
      const line = (await client.line()) ?? '';
      if (line === '' || client.endsAnswer(line)) return line;
    }
  };
  await reply();
  const say = async (line: string) => {
    client.send(`${line}\r\n`);
    return await reply();
  };
  await say(`EHLO ${clientName}`);
  const { account, from, to, message = `Message-ID: <${Date.now()}@example.net>\r\n\r\nhello` } = mail;
  if (account !== undefined) {
    await say(`AUTH PLAIN ${Buffer.from(`\0${account.name}\0${account.password}`).toString('base64')}`);
  }
  await say(`MAIL FROM:<${from}>`);
  const replies: string[] = [];
  for (const path of to) replies.push(await say(`RCPT TO:<${path}>`));
  const last = replies.at(-1) ?? '';
  if (!replies.some((each) => each.startsWith('250'))) return last;
  await say('DATA');
  return await say(`${message}\r\n.`);
}

const anyClientAddress = () => `127.${randomInt(1, 255)}.${randomInt(256)}.1`;
