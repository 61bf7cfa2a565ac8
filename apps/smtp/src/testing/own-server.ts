import { join } from 'node:path';
import { DEFAULT_MESSAGE_OCTETS, type SmtpListener } from '@postel/config';
import { type ManagedDirectory, NetworkList, openDirectory } from '@postel/directory';
import { ScriptedResolver } from '@postel/dns';
import {
  type AccountId,
  BlobDirectory,
  type Database,
  openDatabase,
  Store,
  type StoreOptions,
  writeTransactions,
} from '@postel/storage';
import { ConnectionCount, createLog, Registry, ServerCertificates, SessionCount } from '@postel/supervision';
import { type BreakableServer, createTestDatabase, sharedPostel, startBreakableServer } from '@postel/testkit';
import { IncomingMail } from '../incoming-mail.ts';
import { SESSIONS_AN_ACCOUNT } from '../limits.ts';
import { NetworkUse } from '../network-use.ts';
import { TransactionRecorder } from '../record/transaction-recorder.ts';
import type { Services } from '../services.ts';
import { SmtpMetrics } from '../smtp-metrics.ts';
import { SmtpServer } from '../smtp-server.ts';
import { SmtpClient } from './smtp-client.ts';
import { type StoredMessage, storedMessages } from './stored-messages.ts';

const USER = { name: 'mary', address: 'mary@localhost', password: 'marys password' };

/** A listener in this process with a database of its own, for what must not happen to the shared server. */
export interface OwnServer extends AsyncDisposable {
  readonly server: SmtpServer;
  readonly port: number;
  readonly directory: ManagedDirectory;
  readonly store: Store;
  /** The database itself, for what no command changes yet. */
  readonly sql: Database['sql'];
  /** Between the store and the database, if it was asked for. */
  readonly network: BreakableServer | null;
  /** What became of mail is in the database, then. */
  flushRecords(): Promise<void>;
  /** Its one account. */
  readonly account: typeof USER;
  /** Connected to MX or LMTP, and past EHLO or LHLO. */
  connect(): Promise<SmtpClient>;
  /** Connected, greeted and logged in. */
  logIn(): Promise<SmtpClient>;
  /** Those in a mailbox of an address, by default INBOX of the account's. */
  messages(address?: string, mailbox?: string): Promise<readonly StoredMessage[]>;
}

/** @param replaced parts that behave as the test needs it */
export async function startOwnServer(
  replaced: Partial<Services> = {},
  listening: Partial<SmtpListener> = {},
  {
    hasNetwork = false,
    logFile = '/dev/null',
    ...storing
  }: Pick<StoreOptions, 'reserve'> & { readonly hasNetwork?: boolean; readonly logFile?: string } = {},
): Promise<OwnServer> {
  const { dataDirectory } = sharedPostel();
  const file = (name: string) => join(dataDirectory, 'certificates', name);
  const certificates = await ServerCertificates.read([
    { certFile: file('server.pem'), keyFile: file('server-key.pem') },
  ]);
  const testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'smtp-test', maxConnections: 2 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  await directory.addAccount(USER);
  const blobDirectory = join(dataDirectory, 'blobs');
  const network = hasNetwork ? await startBreakableServer(testDatabase.target) : null;
  const mailDatabase =
    network === null
      ? database
      : openDatabase(network.target, { applicationName: 'smtp-test mail', maxConnections: 2 });
  const store = new Store(mailDatabase, {
    blobs: new BlobDirectory(blobDirectory),
    onError: (error) => console.error(error),
    ...storing,
  });
  const log = createLog({ name: 'smtp-test', file: logFile });
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver({}),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => true,
    onError: (error) => console.error(error),
  });
  const metrics = new SmtpMetrics(new Registry());
  const recorder = new TransactionRecorder({
    sql: database.sql,
    write: writeTransactions,
    isOn: true,
    metrics,
    onError: () => {}, // a test that takes the database away has no use for it
    onRefused: () => {},
    now: () => Date.now(),
  });
  const services = {
    hostname: 'localhost',
    messageOctets: DEFAULT_MESSAGE_OCTETS,
    store: store.arrivals,
    rejects: store.arrivals,
    junkMailboxes: (accounts: readonly AccountId[]) => store.mailboxes.findSpecialUse(accounts, '\\Junk'),
    held: store.arrivals,
    directory,
    incoming,
    reports: { countDmarc: () => {}, keep: async () => false },
    contentFilter: null,
    queue: null,
    recorder,
    metrics,
    connectionCount: new ConnectionCount([]),
    sessionCount: new SessionCount(SESSIONS_AN_ACCOUNT),
    networkUse: new NetworkUse({ now: () => performance.now(), isTrusted: () => true }),
    submitterNetworks: new NetworkList([]),
    showsClientAddress: false,
    now: () => performance.now(),
    wait: () => Promise.resolve(),
    ...replaced,
  };
  const server = new SmtpServer({
    listener: {
      kind: 'submission',
      host: '127.0.0.1',
      port: 0,
      tls: 'starttls',
      allowPlaintextLogin: true,
      asksClientCertificate: true,
      ...listening,
    },
    certificates,
    services,
    log,
  });
  const port = await server.start();
  return {
    server,
    port,
    directory,
    store,
    sql: database.sql,
    network,
    flushRecords: () => recorder.flush(),
    account: USER,
    async connect() {
      const client = await SmtpClient.connect(port);
      await client.reply();
      await client.command(`${listening.kind === 'lmtp' ? 'LHLO' : 'EHLO'} mx.elsewhere.example`);
      return client;
    },
    messages: (address = USER.address, mailbox = 'INBOX') =>
      storedMessages(testDatabase.target, blobDirectory, address, mailbox),
    async logIn() {
      const client = await SmtpClient.connect(port);
      await client.reply();
      await client.command('EHLO client.example');
      const response = Buffer.from(`\0${USER.name}\0${USER.password}`).toString('base64');
      const reply = await client.command(`AUTH PLAIN ${response}`);
      if (!reply.startsWith('235 ')) throw new Error(`cannot log in: ${reply}`);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await recorder.flush();
      await incoming.close();
      await store.close();
      await mailDatabase.close();
      await network?.[Symbol.asyncDispose]();
      await database.close();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}
