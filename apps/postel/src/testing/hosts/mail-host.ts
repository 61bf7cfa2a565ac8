import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ImapClient, ServerProcess } from '@postel/testkit';
import { makeServerCertificate } from '../../certificates/make-certificates.ts';
import { type RunState, readRunState } from '../../data-directory/run-file.ts';
import { LmtpClient } from './lmtp-client.ts';
import type { TestAuthority } from './test-authority.ts';
import type { TestHost } from './test-network.ts';

const LAUNCHER = fileURLToPath(new URL('../../../../../bin/postel.mjs', import.meta.url));
const HOSTNAME = 'mail.example.com';
const PORTS = { imap: 143, imaps: 993, lmtp: 24, status: 1081 } as const;

interface MailHostOptions {
  readonly host: TestHost;
  /** Its own; nobody else can enter it. */
  readonly directory: string;
  /** Directories of the other hosts. */
  readonly hidden: readonly string[];
  readonly databaseUrl: string;
  readonly authority: TestAuthority;
  readonly imapProcesses?: number;
  /** More for the configuration file. */
  readonly settings: object;
}

/** `postel serve` on a host of its own. */
export class MailHost implements AsyncDisposable {
  readonly host: TestHost;
  readonly directory: string;
  readonly process: ServerProcess;
  readonly #authority: TestAuthority;
  readonly #hidden: readonly string[];

  private constructor({ host, directory, authority, hidden }: MailHostOptions, process: ServerProcess) {
    this.host = host;
    this.directory = directory;
    this.process = process;
    this.#authority = authority;
    this.#hidden = hidden;
  }

  static async start(options: MailHostOptions): Promise<MailHost> {
    const { host, directory, hidden, databaseUrl, authority, imapProcesses = 1, settings } = options;
    mkdirSync(directory, { mode: 0o700, recursive: true });
    const { certificate, key } = await makeServerCertificate(authority.own, { dns: [HOSTNAME], ip: [] });
    writeFileSync(join(directory, 'cert.pem'), certificate);
    writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
    const file = join(directory, 'postel.yaml');
    const listener = (port: number) => ({ addresses: [host.address('front')], port });
    const configuration = {
      hostname: HOSTNAME,
      dataDirectory: 'data',
      database: { url: databaseUrl },
      tls: { certificates: [{ certFile: 'cert.pem', keyFile: 'key.pem' }] },
      smtp: { mx: 'off', submission: 'off', submissions: 'off', lmtp: listener(PORTS.lmtp) },
      imap: { imap: listener(PORTS.imap), imaps: listener(PORTS.imaps), processes: imapProcesses },
      ...settings,
    };
    writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 }); // which is YAML too
    const server = new ServerProcess([LAUNCHER, 'serve', '--config', file], host.commandLine([], hidden));
    await server.ready();
    return new MailHost(options, server);
  }

  /** The command line that runs a program on this host, with its files and those that no host keeps for itself. */
  within(program: readonly string[]): readonly string[] {
    return this.host.commandLine(program, this.#hidden);
  }

  /** Logged in over TLS, from another host. */
  async imap(from: TestHost, name: string, password: string): Promise<ImapClient> {
    const socket = await from.connect(this.host.address('front'), PORTS.imaps);
    const tls = connectTls({ socket, servername: HOSTNAME, ca: this.#authority.own.certificate });
    await once(tls, 'secureConnect');
    const client = new ImapClient(tls);
    await client.line(); // the greeting
    const { tagged } = await client.command(`LOGIN ${name} "${password}"`);
    if (!tagged.startsWith('OK')) throw client.failure(`cannot log in: ${tagged}`);
    return client;
  }

  async lmtp(from: TestHost): Promise<LmtpClient> {
    const client = new LmtpClient(await from.connect(this.host.address('front'), PORTS.lmtp));
    await client.greet();
    return client;
  }

  /** Stops all processes of the host where they are, or lets them go on. */
  pause(isPaused: boolean): void {
    const { pid, apps } = this.#run();
    for (const each of [pid, ...apps.map((app) => app.pid)]) process.kill(each, isPaused ? 'SIGSTOP' : 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop('SIGTERM');
  }

  #run(): RunState {
    const run = readRunState(join(this.directory, 'data', 'run.json'));
    if (run === null) throw new Error('it does not run');
    return run;
  }
}
