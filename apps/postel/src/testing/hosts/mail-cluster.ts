import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '@postel/directory';
import { SystemFlag } from '@postel/storage';
import { type ImapClient, makeTemporaryDirectory, removeTemporaryDirectory } from '@postel/testkit';
import { DatabaseHost } from './database-host.ts';
import { MailHost } from './mail-host.ts';
import { canonicalFlags } from './mailbox-follower.ts';
import { ObjectHost } from './object-host.ts';
import { TestAuthority } from './test-authority.ts';
import { type TestHost, TestNetwork } from './test-network.ts';

const PASSWORD = 'correct horse';
const MAIL_HOSTS = ['one', 'two'] as const;
const DIRECTORIES = ['db', 'standby', ...MAIL_HOSTS];

export interface ClusterOptions {
  readonly imapProcesses?: number;
  /** A second database, on a machine of its own, that has what is committed and may become the primary. */
  readonly hasStandby?: boolean;
}

/** A database, an object store, two mail hosts, and a machine for clients: none of them reads another's files. */
export class MailCluster implements AsyncDisposable {
  readonly database: DatabaseHost;
  readonly standby: DatabaseHost | null;
  readonly one: MailHost;
  readonly two: MailHost;
  readonly client: TestHost;
  readonly directory: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<MailCluster, 'database' | 'standby' | 'one' | 'two' | 'client' | 'directory'>,
    stack: AsyncDisposableStack,
  ) {
    this.database = parts.database;
    this.standby = parts.standby;
    this.one = parts.one;
    this.two = parts.two;
    this.client = parts.client;
    this.directory = parts.directory;
    this.#stack = stack;
  }

  static async start({ imapProcesses = 1, hasStandby = false }: ClusterOptions = {}): Promise<MailCluster> {
    await using building = new AsyncDisposableStack();
    const directory = makeTemporaryDirectory();
    building.defer(() => removeTemporaryDirectory(directory));
    const at = (name: string) => join(directory, name);
    for (const name of DIRECTORIES) mkdirSync(at(name), { mode: 0o700 });

    const authority = await TestAuthority.make(directory);
    const network = building.use(await TestNetwork.make());
    const place = async (name: string) => ({ host: await network.addHost('back'), directory: at(name), authority });
    const database = building.use(await DatabaseHost.start(await place('db')));
    const standby = hasStandby ? building.use(await database.startStandby(await place('standby'))) : null;
    const databaseUrl = standby === null ? database.url() : database.url(standby);
    const objects = building.use(await ObjectHost.start(await network.addHost('back')));
    const settings = { blobs: { s3: objects.settings } };
    const start = async (name: (typeof MAIL_HOSTS)[number], host: TestHost) => {
      const hidden = DIRECTORIES.filter((other) => other !== name).map(at);
      const options = { host, directory: at(name), hidden, databaseUrl, authority, imapProcesses, settings };
      return building.use(await MailHost.start(options));
    };
    const machines = [await network.addHost('front', 'back'), await network.addHost('front', 'back')] as const;
    const client = await network.addHost('front');
    const [one, two] = await Promise.all([start('one', machines[0]), start('two', machines[1])]);
    return new MailCluster({ database, standby, one, two, client, directory }, building.move());
  }

  /** An account of that name, `NAME@example.com`. */
  async addAccount(name: string): Promise<void> {
    const directory = openDirectory(this.database.database).as({ type: 'server', task: 'test' });
    await directory.addAccount({ name, address: `${name}@example.com`, password: PASSWORD });
  }

  /** A client logged in as that account, at one of the mail hosts. */
  logIn(name: string, at: MailHost): Promise<ImapClient> {
    return at.imap(this.client, name, PASSWORD);
  }

  /** The INBOX of an account as the database has it: UIDs, and system flags as IMAP names them, by UID. */
  async inboxOf(
    name: string,
    { database }: DatabaseHost = this.database,
  ): Promise<readonly { readonly uid: number; readonly flags: string }[]> {
    const rows = await database.sql<{ uid: number; flags: number }[]>`
      select m.uid, m.flags from messages as m
        join mailboxes as b using (account_id, mailbox_id)
        join accounts as a using (account_id)
       where a.name = ${name} and b.name = 'INBOX' and b.expunged_seq is null order by m.uid`;
    return rows.map(({ uid, flags }) => ({ uid, flags: namesOf(flags) }));
  }

  /**
   * Takes away what the database tells a mail host of changes (NOTIFY), and nothing else: the connection lives on, as far as
   * either side can tell.
   *
   * @returns what ends that
   */
  async muffle({ host }: MailHost): Promise<() => void> {
    const address = host.address('back');
    const rows = await this.database.database.sql<{ port: number }[]>`
      select client_port as port from pg_stat_activity
       where host(client_addr) = ${address} and query = 'listen postel_mail'`;
    const rules = rows.map(({ port }) => ['OUTPUT', '-p', 'tcp', '-d', address, '--dport', `${port}`, '-j', 'DROP']);
    if (rules.length === 0) throw new Error('nobody listens there');
    for (const rule of rules) this.database.host.run('iptables', '-A', ...rule);
    return () => {
      for (const rule of rules) this.database.host.run('iptables', '-D', ...rule);
    };
  }

  /** Whether a program on a host can see a file of this machine. */
  canSee(host: MailHost, path: string): boolean {
    const [file = '', ...args] = host.within(['test', '-e', path]);
    return spawnSync(file, args).status === 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function namesOf(bits: number): string {
  const names = Object.entries(SystemFlag).filter(([, bit]) => (bits & bit) !== 0);
  return canonicalFlags(names.map(([name]) => `\\${name.charAt(0).toUpperCase()}${name.slice(1)}`).join(' '));
}
