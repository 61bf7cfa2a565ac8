import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningPostel, sharedPostel, type TestAccount } from '@postel/testkit';
import { ImapClient } from './imap-client.ts';
import { type ImapProcess, type ProcessOptions, startImapProcess } from './imap-process.ts';

/** The server that test files share, as an IMAP test needs it. */
export class MailServer {
  readonly postel: RunningPostel;

  constructor(postel: RunningPostel = sharedPostel()) {
    this.postel = postel;
  }

  addAccount(name = 'mary'): Promise<TestAccount> {
    return this.postel.addAccount(name);
  }

  /** Connected in the clear, and greeted. */
  async connect(port = this.postel.ports.imap): Promise<ImapClient> {
    const client = await ImapClient.connect(port);
    await client.line();
    return client;
  }

  /** Connected over TLS from the first octet, and greeted. */
  async connectTls(port = this.postel.ports.imaps): Promise<ImapClient> {
    const client = await ImapClient.connectTls(port, { ca: this.postel.ca });
    await client.line();
    return client;
  }

  /** Connected and logged in, to a new account if none is given. */
  async logIn(account?: TestAccount, port?: number): Promise<ImapClient> {
    const { name, password } = account ?? (await this.addAccount());
    const client = await this.connect(port);
    const { tagged } = await client.command(`LOGIN ${name} ${password}`);
    if (!tagged.startsWith('OK ')) throw client.failure('cannot log in');
    return client;
  }

  /** One more IMAP process on the same database, on ports of its own. */
  startProcess(options: ProcessOptions = {}): Promise<ImapProcess> {
    return startImapProcess(this.postel, options);
  }

  /** The log of the shared IMAP process. */
  log(processName = 'imap'): string {
    return readFileSync(join(this.postel.dataDirectory, 'logs', `${processName}.log`), 'utf8');
  }
}
