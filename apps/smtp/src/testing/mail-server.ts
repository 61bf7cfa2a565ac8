import { join } from 'node:path';
import { type RunningPostel, sharedPostel, type TestAccount } from '@postel/testkit';
import { SmtpClient } from './smtp-client.ts';
import { type StoredMessage, storedMessages } from './stored-messages.ts';

/** The server that test files share, as an SMTP test needs it. */
export class MailServer {
  readonly postel: RunningPostel;

  constructor(postel: RunningPostel = sharedPostel()) {
    this.postel = postel;
  }

  /** Connected to submission in the clear, and greeted. */
  async connect(): Promise<SmtpClient> {
    const client = await SmtpClient.connect(this.postel.ports.submission);
    await client.reply();
    return client;
  }

  /** Connected as another mail server, and greeted. */
  async connectMx(): Promise<SmtpClient> {
    const client = await SmtpClient.connect(this.postel.ports.mx);
    await client.reply();
    return client;
  }

  /** Connected to LMTP, and greeted. */
  async connectLmtp(): Promise<SmtpClient> {
    const client = await SmtpClient.connect(this.postel.ports.lmtp);
    await client.reply();
    return client;
  }

  /** Connected over TLS from the first octet, and greeted. */
  async connectTls(): Promise<SmtpClient> {
    const client = await SmtpClient.connectTls(this.postel.ports.submissions, { ca: this.postel.ca });
    await client.reply();
    return client;
  }

  /** Connected, greeted and logged in. */
  async logIn(account: TestAccount): Promise<SmtpClient> {
    const client = await this.connect();
    await client.command('EHLO client.example');
    const reply = await client.command(`AUTH PLAIN ${plainResponse(account)}`);
    if (!reply.startsWith('235 ')) throw new Error(`cannot log in: ${reply}`);
    return client;
  }

  addAccount(name = 'smtp'): Promise<TestAccount> {
    return this.postel.addAccount(name);
  }

  messages(account: TestAccount): Promise<readonly StoredMessage[]> {
    return storedMessages(this.postel.database, join(this.postel.dataDirectory, 'blobs'), account.address);
  }
}

/** The response of PLAIN (RFC 4616 §2), in base64. */
export function plainResponse({ name, password }: Pick<TestAccount, 'name' | 'password'>, actAs = ''): string {
  return base64(`${actAs}\0${name}\0${password}`);
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
