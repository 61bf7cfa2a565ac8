import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '@postel/storage';
import { makeServerCertificate } from '../../certificates/make-certificates.ts';
import { DATABASE, makeClusterIfMissing, SUPERUSER } from '../../postgres/make-cluster.ts';
import { findPostgresPackage, type PostgresPackage } from '../../postgres/postgres-package.ts';
import { PostgresPrograms } from '../../postgres/postgres-programs.ts';
import { postgresSettings, SETTINGS_FILE, SMALL } from '../../postgres/postgres-settings.ts';
import { asPostgresUser, choosePostgresUser, type PostgresUser } from '../../postgres/postgres-user.ts';
import { readPostmasterFile } from '../../postgres/postmaster-file.ts';
import type { TestAuthority } from './test-authority.ts';
import type { TestHost } from './test-network.ts';

const LOOK_AGAIN_MS = 10;
const ROLE = 'mail';
const PASSWORD = 'correct-horse';
const LOGINS = [
  'local all all trust',
  ...['all', 'replication'].map((what) => `hostssl ${what} all 0.0.0.0/0 scram-sha-256`),
];
/** What a Postgres that others may follow has besides Postel's own settings. */
const SETTINGS = '\nssl = on\nwal_level = replica\nmax_wal_senders = 4\nlisten_addresses = ';
/** Of the copied cluster: what its server wrote of itself. */
const OF_THE_RUN = new Set(['postmaster.pid', 'postmaster.opts']);

interface Place {
  readonly host: TestHost;
  /** Nobody else can enter it. */
  readonly directory: string;
  readonly authority: TestAuthority;
}

/** A Postgres as an operator of several hosts has it: over TCP, with TLS, and a password. */
export class DatabaseHost implements AsyncDisposable {
  readonly host: TestHost;
  /** Of this process, by a Unix socket: it needs no network. */
  readonly database: Database;
  readonly #place: Place;
  readonly #server: RunningPostgres;

  private constructor(place: Place, server: RunningPostgres) {
    this.host = place.host;
    this.#place = place;
    this.#server = server;
    const target = { socketDirectory: place.directory, database: DATABASE, user: SUPERUSER };
    this.database = openDatabase(target, { applicationName: 'test', maxConnections: 4 });
  }

  /** As the configuration files of mail hosts have it. @param standbys that may become the primary one day */
  url(...standbys: readonly DatabaseHost[]): string {
    const { authority } = this.#place;
    const hosts = [this, ...standbys].map(({ host }) => host.address('back'));
    const tls = `sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.file)}`;
    return `postgres://${ROLE}:${PASSWORD}@${hosts.join()}/${DATABASE}?${tls}`;
  }

  static async start(place: Place): Promise<DatabaseHost> {
    const { found, user, cluster } = await prepare(place);
    await makeClusterIfMissing(new PostgresPrograms(found, user, place.directory), cluster, () => {});
    writeFileSync(join(cluster, SETTINGS_FILE), postgresSettings(SMALL));
    writeFileSync(join(cluster, 'pg_hba.conf'), `${LOGINS.join('\n')}\n`);
    await certify(place, cluster);
    const started = new DatabaseHost(place, await RunningPostgres.start(place, found, user, cluster));
    await started.database.sql.unsafe(`create role ${ROLE} login superuser password '${PASSWORD}'`);
    return started;
  }

  /** A standby of this one, on another host; from now on a commit waits until it has it on its disk too. */
  async startStandby(place: Place): Promise<DatabaseHost> {
    const { found, user, cluster } = await prepare(place);
    const { sql } = this.database;
    await sql.begin(async (tx) => {
      await tx`set local idle_in_transaction_session_timeout = 0`;
      await tx`select pg_backup_start('standby', true)`;
      cpSync(join(this.#place.directory, 'postgres'), cluster, {
        recursive: true,
        filter: (source) => !OF_THE_RUN.has(basename(source)),
      });
      const [backup] = await tx<{ label: string }[]>`select labelfile as label from pg_backup_stop(false)`;
      writeFileSync(join(cluster, 'backup_label'), backup?.label ?? '');
    });
    await certify(place, cluster);
    const { file } = place.authority;
    const primary = `host=${this.host.address('back')} user=${ROLE} password=${PASSWORD} sslmode=verify-full sslrootcert=${file}`;
    appendFileSync(join(cluster, 'postgresql.conf'), `primary_conninfo = '${primary}'\n`);
    writeFileSync(join(cluster, 'standby.signal'), '');
    const standby = new DatabaseHost(place, await RunningPostgres.start(place, found, user, cluster));
    await sql.unsafe("alter system set synchronous_standby_names = '*'");
    await sql`select pg_reload_conf()`;
    for (let states: readonly object[] = []; states.length === 0; ) {
      states = await sql`select from pg_stat_replication where sync_state = 'sync'`;
    }
    return standby;
  }

  /** Ends it as a power cut does. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Makes a standby the primary. */
  promote(): void {
    // As pg_ctl does: our own pool knows better than to connect to a standby.
    writeFileSync(join(this.#place.directory, 'postgres', 'promote'), '');
    this.#server.signal('SIGUSR1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function prepare({ directory }: Place) {
  const cluster = join(directory, 'postgres');
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const found = findPostgresPackage(join(directory, 'libraries'));
  return { found, user: await choosePostgresUser(found.postgres, directory, cluster), cluster };
}

async function certify({ host, authority }: Place, cluster: string): Promise<void> {
  const address = host.address('back');
  const { certificate, key } = await makeServerCertificate(authority.own, { dns: ['db'], ip: [address] });
  writeFileSync(join(cluster, 'server.crt'), certificate);
  rmSync(join(cluster, 'server.key'), { force: true });
  writeFileSync(join(cluster, 'server.key'), key, { mode: 0o600 });
  appendFileSync(join(cluster, 'postgresql.conf'), `${SETTINGS}'${address}'\n`);
}

function takesConnections(cluster: string): boolean {
  const file = join(cluster, 'postmaster.pid');
  return existsSync(file) && /^(ready|standby)\b/m.test(readFileSync(file, 'utf8'));
}

/** Stopped when this process ends, however it does. */
class RunningPostgres implements AsyncDisposable {
  readonly #keeper: ChildProcess;
  readonly #cluster: string;

  private constructor(keeper: ChildProcess, cluster: string) {
    this.#keeper = keeper;
    this.#cluster = cluster;
  }

  static async start(
    { host, directory }: Place,
    { postgres, libraryPath }: PostgresPackage,
    user: PostgresUser,
    cluster: string,
  ): Promise<RunningPostgres> {
    const command = asPostgresUser(user, postgres, ['-D', cluster, '-k', directory]);
    const keep = '"$@" & child=$!; read -r _; kill -INT $child; wait $child';
    const [file = '', ...args] = host.commandLine(['sh', '-c', keep, 'sh', command.file, ...command.args]);
    const keeper = spawn(file, args, {
      cwd: directory,
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...(libraryPath && { LD_LIBRARY_PATH: libraryPath }) },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    while (!takesConnections(cluster)) {
      if (keeper.exitCode !== null) throw new Error('Postgres did not start');
      await delay(LOOK_AGAIN_MS);
    }
    return new RunningPostgres(keeper, cluster);
  }

  signal(signal: NodeJS.Signals): void {
    const pid = readPostmasterFile(this.#cluster)?.pid ?? null;
    if (pid !== null) process.kill(pid, signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null) return;
    const ended = once(this.#keeper, 'exit');
    this.#keeper.stdin?.end();
    await ended;
  }
}
