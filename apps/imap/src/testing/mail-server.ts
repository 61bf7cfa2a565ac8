import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@postel/storage';
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

  /** Changes rows of an account behind the server's back. @param statement with `$1` for the account's id */
  async changeRows({ name }: TestAccount, statement: string): Promise<void> {
    const database = openDatabase(this.postel.database, { applicationName: 'imap test', maxConnections: 1 });
    try {
      const [row] = await database.sql<{ id: number }[]>`select account_id as id from accounts where name = ${name}`;
      if (row === undefined) throw new Error(`there is no account ${name}`);
      await database.sql.unsafe(statement, [row.id]);
    } finally {
      await database.close();
    }
  }

  /** Lets nobody change an account until disposed of, as a writer that is slow to commit does. */
  async hold({ name }: TestAccount): Promise<AsyncDisposable> {
    const database = openDatabase(this.postel.database, { applicationName: 'imap test', maxConnections: 1 });
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const done = database.sql.begin(async (tx) => {
      await tx`set local idle_in_transaction_session_timeout = 0`; // or a slow machine lets go before the test does
      await tx`select from accounts where name = ${name} for no key update`;
      held.resolve();
      await release.promise;
    });
    await Promise.race([held.promise, done]);
    return {
      async [Symbol.asyncDispose]() {
        release.resolve();
        await done;
        await database.close();
      },
    };
  }

  /** The log of the shared IMAP process. */
  log(processName = 'imap'): string {
    return readFileSync(join(this.postel.dataDirectory, 'logs', `${processName}.log`), 'utf8');
  }
}
