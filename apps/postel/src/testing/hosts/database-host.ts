import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '@postel/storage';
import { makeServerCertificate } from '../../certificates/make-certificates.ts';
import { DATABASE, makeClusterIfMissing, SUPERUSER } from '../../postgres/make-cluster.ts';
import { findPostgresPackage } from '../../postgres/postgres-package.ts';
import { PostgresPrograms } from '../../postgres/postgres-programs.ts';
import { postgresSettings, SETTINGS_FILE, SMALL } from '../../postgres/postgres-settings.ts';
import { asPostgresUser, choosePostgresUser } from '../../postgres/postgres-user.ts';
import { readPostmasterFile } from '../../postgres/postmaster-file.ts';
import type { TestAuthority } from './test-authority.ts';
import type { TestHost } from './test-network.ts';

const LOOK_AGAIN_MS = 10;
const ROLE = 'mail';
const PASSWORD = 'correct horse';

/** A Postgres as an operator of several hosts has it: over TCP, with TLS, and a password. */
export class DatabaseHost implements AsyncDisposable {
  /** As the configuration files of mail hosts have it. */
  readonly url: string;
  /** Of this process, by a Unix socket: it needs no network. */
  readonly database: Database;
  readonly #stack: AsyncDisposableStack;

  private constructor(url: string, database: Database, stack: AsyncDisposableStack) {
    this.url = url;
    this.database = database;
    this.#stack = stack;
  }

  static async start(host: TestHost, directory: string, authority: TestAuthority): Promise<DatabaseHost> {
    const address = host.address('back');
    const cluster = join(directory, 'postgres');
    mkdirSync(directory, { mode: 0o700, recursive: true });
    const found = findPostgresPackage(join(directory, 'libraries'));
    const user = await choosePostgresUser(found.postgres, directory, cluster);
    const programs = new PostgresPrograms(found, user, directory);
    await makeClusterIfMissing(programs, cluster, () => {});
    const { certificate, key } = await makeServerCertificate(authority.own, { dns: ['db'], ip: [address] });
    writeFileSync(join(cluster, 'server.crt'), certificate);
    writeFileSync(join(cluster, 'server.key'), key, { mode: 0o600 });
    writeFileSync(join(cluster, 'pg_hba.conf'), 'local all all trust\nhostssl all all 0.0.0.0/0 scram-sha-256\n');
    writeFileSync(join(cluster, SETTINGS_FILE), postgresSettings(SMALL));
    appendFileSync(join(cluster, 'postgresql.conf'), `\nlisten_addresses = '${address}'\nssl = on\n`);

    const command = asPostgresUser(user, found.postgres, ['-D', cluster, '-k', directory]);
    // Stopped when the test process closes the pipe, however it ends.
    const keep = '"$@" & child=$!; read -r _; kill -INT $child; wait $child';
    const [file = '', ...args] = host.commandLine(['sh', '-c', keep, 'sh', command.file, ...command.args]);
    const keeper = spawn(file, args, {
      cwd: directory,
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...(found.libraryPath && { LD_LIBRARY_PATH: found.libraryPath }) },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const stack = new AsyncDisposableStack();
    stack.defer(async () => {
      const ended = once(keeper, 'exit');
      keeper.stdin.end();
      await ended;
    });
    while (readPostmasterFile(cluster)?.isReady !== true) {
      if (keeper.exitCode !== null) throw new Error('Postgres did not start');
      await delay(LOOK_AGAIN_MS);
    }
    const target = { socketDirectory: directory, database: DATABASE, user: SUPERUSER };
    const database = openDatabase(target, { applicationName: 'test', maxConnections: 4 });
    stack.defer(() => database.close());
    await database.sql.unsafe(`create role ${ROLE} login superuser password '${PASSWORD}'`);
    const login = `${ROLE}:${encodeURIComponent(PASSWORD)}`;
    const tls = `sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.file)}`;
    return new DatabaseHost(`postgres://${login}@${address}/${DATABASE}?${tls}`, database, stack);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
