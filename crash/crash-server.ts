import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DatabaseTarget, parseDatabaseTarget, SettingReader } from '@postel/config';
import { freePortOffset } from '@postel/testkit';
import { makeAuthority, makeServerCertificate } from '../apps/postel/src/certificates/make-certificates.ts';
import type { Endpoint } from './connection.ts';
import type { Login } from './imap-session.ts';
import { identify, kill9, type ProcessIdentity, treeOf } from './process-tree.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/postel.mjs', import.meta.url));
const HOSTNAME = 'mail.crash.example';
const DOMAIN = 'crash.example';
const LOOK_AGAIN_MS = 10;
const START_ATTEMPTS = 5;
const START_DEADLINE_MS = 60_000;
const READY = /^postel ready$/m;

/** What runs, as run.json says it. */
export interface Running {
  readonly supervisor: number;
  /** The postmaster; null while there is none. */
  readonly postgres: number | null;
  readonly apps: readonly { readonly name: string; readonly pid: number }[];
  readonly database: DatabaseTarget | null;
}

export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `postel serve` on a data directory of its own, to be killed and started again. */
export class CrashServer {
  /** Everything: configuration, certificates, data, and what the server said. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly file: string;
  readonly logFile: string;
  readonly imap: Endpoint;
  readonly mx: Endpoint;
  readonly submission: Endpoint;
  readonly lmtp: Endpoint;
  readonly #statusPort: number;
  #child: ChildProcess | null = null;

  private constructor(directory: string, offset: number, ca: string) {
    const tls = { ca, servername: HOSTNAME };
    this.directory = directory;
    this.dataDirectory = join(directory, 'data');
    this.file = join(directory, 'postel.yaml');
    this.logFile = join(directory, 'serve.log');
    this.imap = { port: offset + 993, tls };
    this.submission = { port: offset + 465, tls };
    this.mx = { port: offset + 25, tls: null };
    this.lmtp = { port: offset + 24, tls: null };
    this.#statusPort = offset + 81;
  }

  /** Makes the configuration file; nothing runs yet. @param settings of it, beside those that every run has */
  static async prepare(directory: string, imapProcesses: number, settings: object = {}): Promise<CrashServer> {
    mkdirSync(directory, { recursive: true });
    const authority = await makeAuthority();
    const { certificate, key } = await makeServerCertificate(authority, { dns: [HOSTNAME], ip: [] });
    writeFileSync(join(directory, 'cert.pem'), certificate);
    writeFileSync(join(directory, 'cert-key.pem'), key, { mode: 0o600 });
    const server = new CrashServer(directory, await freePortOffset(), authority.certificate);
    server.#configure(imapProcesses, settings);
    return server;
  }

  #configure(imapProcesses: number, settings: object): void {
    const at = ({ port }: Endpoint) => ({ addresses: ['127.0.0.1'], port });
    const configuration = {
      hostname: HOSTNAME,
      dataDirectory: 'data',
      tls: { certificates: [{ certFile: 'cert.pem', keyFile: 'cert-key.pem' }] },
      status: { port: this.#statusPort },
      web: 'off',
      logLevel: 'warn',
      smtp: { mx: at(this.mx), submission: 'off', submissions: at(this.submission), lmtp: at(this.lmtp) },
      imap: { imap: 'off', imaps: at(this.imap), processes: imapProcesses },
      ...settings,
    };
    writeFileSync(this.file, `${JSON.stringify(configuration, null, 2)}\n`); // which is YAML too
  }

  /**
   * Starts it, and waits until it is ready. Somebody else's server may have one of our ports for a moment: then again.
   * @throws if it does not start, with what it said
   */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#tryToStart();
      if (failure === null) return;
      if (attempt === START_ATTEMPTS || !failure.includes('is in use')) throw new Error(failure);
      await pause(1_000);
    }
  }

  /** @returns what it said if it did not start */
  async #tryToStart(): Promise<string | null> {
    const { DATABASE_URL: _, ...env } = process.env;
    const log = openSync(this.logFile, 'a');
    // Detached: Ctrl-C is ours to answer. With a channel: should we be killed, it stops by itself.
    const child = spawn(process.execPath, [LAUNCHER, 'serve', '--config', this.file], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', log, 'ipc'],
    });
    closeSync(log);
    this.#child = child;
    const ended = once(child, 'exit');
    let said = '';
    const ready = new Promise<'ready'>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < 10_000) said += text;
        if (READY.test(said)) resolve('ready');
      });
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
    const isReady = (await Promise.race([ready, ended])) === 'ready';
    clearTimeout(timer);
    if (isReady) return null;
    return `postel serve did not start: ${said}${readFileSync(this.logFile, 'utf8').slice(-4_000)}`;
  }

  /** What run.json says; null if there is none that can be read. */
  running(): Running | null {
    try {
      const run = new SettingReader(JSON.parse(readFileSync(join(this.dataDirectory, 'run.json'), 'utf8')));
      return {
        supervisor: run.at('pid').integer(),
        postgres: run.at('postgres').orNull((postgres) => postgres.at('pid').integer()),
        apps: run.at('apps').list((app) => ({ name: app.at('name').text(), pid: app.at('pid').integer() })),
        database: run.at('database').orNull(parseDatabaseTarget),
      };
    } catch {
      return null;
    }
  }

  get database(): DatabaseTarget {
    const database = this.running()?.database ?? null;
    if (database === null) throw new Error(`${this.dataDirectory}/run.json names no database`);
    return database;
  }

  /** Every process of it, Postgres's children included. */
  processes(): readonly ProcessIdentity[] {
    const running = this.running();
    const supervisor = this.#child?.pid ?? 0;
    return treeOf([supervisor, running?.postgres ?? supervisor, ...(running?.apps ?? []).map(({ pid }) => pid)]);
  }

  /** Whether the supervisor is there. */
  get isSupervised(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the supervisor has ended. */
  async supervisorEnd(): Promise<void> {
    if (this.#child !== null && this.isSupervised) await once(this.#child, 'exit');
  }

  /** Whether `/healthz` says that all is well. */
  isHealthy(): Promise<boolean> {
    return new Promise((resolve) => {
      const request = get({ host: '127.0.0.1', port: this.#statusPort, path: '/healthz', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.setTimeout(5_000, () => request.destroy());
      request.once('error', () => resolve(false));
    });
  }

  /** Waits until none of the killed is there or named any more, and all is well again. */
  async recovered(killed: readonly ProcessIdentity[], deadlineMs: number): Promise<boolean> {
    const isGone = ({ pid, startedAt }: ProcessIdentity) => identify(pid)?.startedAt !== startedAt;
    const isNamed = ({ pid }: ProcessIdentity) => {
      const running = this.running();
      return running === null || running.postgres === pid || running.apps.some((app) => app.pid === pid);
    };
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      if (killed.every((each) => isGone(each) && !isNamed(each)) && (await this.isHealthy())) return true;
      await pause(LOOK_AGAIN_MS);
    }
    return false;
  }

  /** `postel ARGS... --config FILE`, and what it says. */
  async postel(args: readonly string[], input = ''): Promise<Said> {
    const { promise, resolve } = Promise.withResolvers<Said>();
    const command = [LAUNCHER, ...args, '--config', this.file];
    const child = execFile(process.execPath, command, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(input);
    return await promise;
  }

  async addAccount({ name, password }: Login): Promise<void> {
    const added = await this.postel(['config', 'account', 'add', name, `${name}@${DOMAIN}`], `${password}\n`);
    if (added.status !== 0) throw new Error(added.stderr);
  }

  /** Ends it in order; kills it if that takes too long. */
  async stop(deadlineMs: number): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isSupervised) return;
    const ended = once(child, 'exit');
    const timer = setTimeout(() => this.kill(), deadlineMs);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }

  /** kill -9 of all of it at once. */
  kill(): void {
    for (const { pid } of this.processes()) kill9(pid);
  }
}
