import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseTarget } from '@postel/config';
import type { ManagedDirectory, QuotaChange } from '@postel/directory';
import { readKeyFile, type TlsPublicKey } from '@postel/tls-pubkey';
import { type CertificateOptions, type ClientCertificate, makeClientCertificate } from './client-certificate.ts';
import { readRunState } from './run-state.ts';

export interface TestPorts {
  readonly mx: number;
  readonly lmtp: number;
  readonly imap: number;
  readonly imaps: number;
  readonly submission: number;
  readonly submissions: number;
  readonly web: number;
  readonly webKeys: number;
  readonly metrics: number;
}

export interface TestAccount {
  readonly name: string;
  readonly address: string;
  readonly password: string;
}

/** A `postel localserve` that runs, and what a test needs to use it. */
export class RunningPostel {
  readonly dataDirectory: string;
  readonly ports: TestPorts;
  /** The authority's certificate, PEM; for the `ca` option of a TLS client. */
  readonly ca: string;
  readonly database: DatabaseTarget;

  constructor(dataDirectory: string) {
    const { database, ports } = readRunState(dataDirectory);
    if (database === null) throw new Error(`The server on ${dataDirectory} has no database yet`);
    const port = (service: keyof TestPorts) => ports[service] ?? 0;
    this.dataDirectory = dataDirectory;
    this.database = database;
    this.ca = readFileSync(join(dataDirectory, 'ca.pem'), 'utf8');
    this.ports = {
      mx: port('mx'),
      lmtp: port('lmtp'),
      imap: port('imap'),
      imaps: port('imaps'),
      submission: port('submission'),
      submissions: port('submissions'),
      web: port('web'),
      webKeys: port('webKeys'),
      metrics: port('metrics'),
    };
  }

  /** The processes as they are now: app processes by name; 0 for a Postgres that is not there. */
  get pids(): {
    readonly supervisor: number;
    readonly postgres: number;
    readonly apps: Readonly<Record<string, number>>;
  } {
    const { pid, postgresPid, apps } = readRunState(this.dataDirectory);
    return { supervisor: pid, postgres: postgresPid ?? 0, apps };
  }

  /** An account for one test, with an address @localhost. Its name begins with `name` and is used by nobody else. */
  async addAccount(name = 'test', password = `password-${randomBytes(6).toString('hex')}`): Promise<TestAccount> {
    const unique = `${name}-${randomBytes(5).toString('hex')}`;
    const account = { name: unique, address: `${unique}@localhost`, password };
    await this.useDirectory((directory) => directory.addAccount(account));
    return account;
  }

  /** Works on the directory, with a connection to the database of its own. */
  async useDirectory<Result>(work: (directory: ManagedDirectory) => Promise<Result>): Promise<Result> {
    const [{ openDatabase }, { openDirectory }] = await Promise.all([
      import('@postel/storage'),
      import('@postel/directory'),
    ]);
    const database = openDatabase(this.database, { applicationName: 'testkit', maxConnections: 1 });
    try {
      return await work(openDirectory(database).as({ type: 'server', task: 'test' }));
    } finally {
      await database.close();
    }
  }

  /** Makes a key with a certificate, and registers it for an account. */
  async addKey(
    { address }: TestAccount,
    { isImapPreauth = true, ...options }: CertificateOptions & { readonly isImapPreauth?: boolean } = {},
  ): Promise<ClientCertificate> {
    const certificate = await makeClientCertificate(options);
    await this.#register(address, certificate.publicKey, isImapPreauth);
    return certificate;
  }

  /** Registers the key of a certificate that is in a file. */
  async registerCertificate({ address }: TestAccount, file: string): Promise<void> {
    const reading = readKeyFile(readFileSync(file));
    if (reading.type === 'refused') throw new Error(reading.reason);
    await this.#register(address, reading.key, true);
  }

  async #register(login: string, key: TlsPublicKey, isImapPreauth: boolean): Promise<void> {
    await this.useDirectory(({ tlsPublicKeys }) => tlsPublicKeys.add({ login, key, name: 'notebook', isImapPreauth }));
  }

  async removeKey({ publicKey }: ClientCertificate): Promise<void> {
    await this.useDirectory(({ tlsPublicKeys }) => tlsPublicKeys.remove(publicKey.fingerprint));
  }

  /** Limits what an account may hold; what it holds already stays. */
  async setQuota({ name }: TestAccount, limits: QuotaChange): Promise<void> {
    await this.useDirectory(({ quotas }) => quotas.change(name, limits));
  }
}
