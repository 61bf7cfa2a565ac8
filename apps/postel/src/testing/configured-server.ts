import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { DatabaseTarget } from '@postel/config';
import { freePortOffset, makeTemporaryDirectory, removeTemporaryDirectory, ServerProcess } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { type KeyedCertificate, makeAuthority, makeServerCertificate } from '../certificates/make-certificates.ts';
import { type RunState, readRunState } from '../data-directory/run-file.ts';

const LAUNCHER = fileURLToPath(new URL('../../../../bin/postel.mjs', import.meta.url));

export const HOSTNAME = 'mail.example.com';
export const HOST = '127.0.0.1';

const authority = makeAuthority();

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A configuration file in a directory of its own, with a certificate and free ports, and the server that runs by it. */
export class ConfiguredServer implements AsyncDisposable {
  readonly directory = makeTemporaryDirectory();
  readonly file = join(this.directory, 'postel.yaml');
  readonly dataDirectory = join(this.directory, 'data');
  readonly ports: Readonly<Record<Service, number>>;
  readonly ca: string;
  #process: ServerProcess | null = null;

  private constructor(offset: number, ca: string) {
    this.ports = {
      mx: 25 + offset,
      submission: 587 + offset,
      submissions: 465 + offset,
      imap: 143 + offset,
      imaps: 993 + offset,
      status: 81 + offset,
      other: 24 + offset,
    };
    this.ca = ca;
  }

  /** Nothing runs yet. */
  static async prepare(settings: Settings = {}): Promise<ConfiguredServer> {
    const server = new ConfiguredServer(await freePortOffset(), (await authority).certificate);
    await server.writeCertificate('cert', [HOSTNAME]);
    server.configure(settings);
    return server;
  }

  /** Writes the file. What is not said is as the tests mostly need it. */
  configure(settings: Settings = {}): void {
    const { ports } = this;
    const listener = (service: Service) => ({ addresses: [HOST], port: ports[service] });
    const configuration = {
      hostname: HOSTNAME,
      dataDirectory: 'data',
      tls: { certificates: [certificateFiles('cert')] },
      status: { port: ports.status },
      web: 'off',
      ...settings,
      smtp: {
        mx: listener('mx'),
        submission: listener('submission'),
        submissions: listener('submissions'),
        ...settings.smtp,
      },
      imap: { imap: listener('imap'), imaps: listener('imaps'), ...settings.imap },
    };
    writeFileSync(this.file, JSON.stringify(configuration, null, 2)); // which is YAML too
  }

  /** A certificate for these names, by the tests' authority, in `NAME.pem` and `NAME-key.pem`. */
  async writeCertificate(name: string, dns: readonly string[]): Promise<void> {
    const { certificate, key } = await makeCertificate(dns);
    writeFileSync(join(this.directory, `${name}.pem`), certificate);
    writeFileSync(join(this.directory, `${name}-key.pem`), key);
  }

  /** Starts `postel serve`, and waits until it is ready. */
  async start(app?: 'imap' | 'smtp'): Promise<void> {
    this.#process = new ServerProcess([LAUNCHER, 'serve', ...(app === undefined ? [] : [app]), '--config', this.file]);
    await this.#process.ready();
  }

  get process(): ServerProcess {
    if (this.#process === null) throw new Error('it was not started');
    return this.#process;
  }

  /** How many lines it has logged so far that this matches. */
  logged(pattern: RegExp): number {
    return this.process.output.split('\n').filter((line) => pattern.test(line)).length;
  }

  /** Reads the file anew, and waits until it has said what came of it. */
  async hangUp(outcome: RegExp): Promise<void> {
    const before = this.process.output.length;
    this.process.signal('SIGHUP');
    await this.process.printed(new RegExp(`^[^]{${before},}${outcome.source}`));
  }

  get run(): RunState {
    const run = readRunState(join(this.dataDirectory, 'run.json'));
    if (run === null) throw new Error('it does not run');
    return run;
  }

  pidOf(processName: string): number {
    return this.run.apps.find(({ name }) => name === processName)?.pid ?? 0;
  }

  /** `postel WORDS... --config FILE`, and what it prints. */
  postel(words: string, input = ''): Promise<Outcome> {
    return runPostel([...words.split(' '), '--config', this.file], this.directory, input);
  }

  async addAccount(name: string): Promise<{ readonly user: string; readonly pass: string }> {
    const { code, stderr } = await this.postel(`config account add ${name} ${name}@example.com`, 'correct horse\n');
    if (code !== 0) throw new Error(stderr);
    return { user: name, pass: 'correct horse' };
  }

  /** Logged in over TLS. */
  async imap(auth: { readonly user: string; readonly pass: string }, port = this.ports.imaps): Promise<ImapFlow> {
    const tls = { ca: this.ca };
    const client = new ImapFlow({ host: HOST, servername: HOSTNAME, port, secure: true, auth, tls, logger: false });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  http(path: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      get({ host: HOST, port: this.ports.status, path, agent: false }, async (response) => {
        resolve({ status: response.statusCode ?? 0, body: await text(response) });
      }).once('error', reject);
    });
  }

  /** A sample of the metrics, 0 if there is none. */
  async metric(name: string, processName: string): Promise<number> {
    const { body } = await this.http('/metrics');
    const line = body
      .split('\n')
      .find((sample) => sample.startsWith(`${name}{`) && sample.includes(`"${processName}"`));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop('SIGTERM');
    removeTemporaryDirectory(this.directory);
  }
}

type Service = 'mx' | 'submission' | 'submissions' | 'imap' | 'imaps' | 'status' | 'other';

/** What a test puts into its file. */
export interface Settings {
  readonly smtp?: object;
  readonly imap?: object;
  readonly [key: string]: unknown;
}

export function certificateFiles(name: string) {
  return { certFile: `${name}.pem`, keyFile: `${name}-key.pem` };
}

async function makeCertificate(dns: readonly string[]): Promise<KeyedCertificate> {
  return makeServerCertificate(await authority, { dns, ip: [] });
}

/** As `database.url` in a configuration file. */
export function urlOf(target: DatabaseTarget): string {
  if ('url' in target) return target.url;
  return `postgres://${target.user}@localhost/${target.database}?host=${encodeURIComponent(target.socketDirectory)}`;
}

/** `postel ARGS...` in a directory, and what it prints. */
export function runPostel(args: readonly string[], cwd: string, input = ''): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { DATABASE_URL: _, ...env } = process.env;
  const child = execFile(process.execPath, [LAUNCHER, ...args], { cwd, env }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  child.stdin?.end(input);
  return promise;
}

export function readCertificate(server: ConfiguredServer, name: string): string {
  return readFileSync(join(server.directory, `${name}.pem`), 'utf8');
}
