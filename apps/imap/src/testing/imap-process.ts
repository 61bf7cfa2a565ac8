import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DatabaseTarget,
  DEFAULT_MESSAGE_OCTETS,
  DEFAULT_RESERVE_OCTETS,
  type ImapSettings,
  type LiteralExtension,
  type LoginSettings,
  type ServerEntry,
} from '@postel/config';
import { type SupervisedApp, superviseApp } from '@postel/supervision';
import type { RunningPostel } from '@postel/testkit';

const ENTRY = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface ProcessOptions {
  /** 127.0.0.1 if not given. */
  readonly host?: string;
  /** LOGIN and PLAIN in the clear; as on the shared server if not given. */
  readonly allowPlaintextLogin?: boolean;
  /** They do, if not given. */
  readonly asksClientCertificate?: boolean;
  readonly login?: LoginSettings;
  readonly blobDirectory?: string;
  readonly reserveOctets?: number;
  readonly messageOctets?: number;
  readonly literals?: LiteralExtension;
  readonly offersUnauthenticate?: boolean;
  readonly metadata?: readonly ServerEntry[];
  /** What the engine may have for objects. */
  readonly heapMb?: number;
  /** Another way to the server's database. */
  readonly database?: DatabaseTarget;
}

/** An IMAP process that belongs to one test. */
export class ImapProcess implements AsyncDisposable {
  readonly app: SupervisedApp;
  readonly port: number;
  readonly tlsPort: number;
  /** Log lines of level error that the supervisor was told of. */
  readonly problems: string[];
  readonly #logFile: string;

  constructor(app: SupervisedApp, ports: readonly number[], logFile: string, problems: string[]) {
    this.app = app;
    this.port = ports[0] ?? 0;
    this.tlsPort = ports[1] ?? 0;
    this.#logFile = logFile;
    this.problems = problems;
  }

  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** What the process holds in memory, in octets. */
  get residentOctets(): number {
    const status = readFileSync(`/proc/${this.app.pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  }

  stop(): Promise<void> {
    return this.app.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.stop();
  }
}

/** Starts an IMAP process on the database of a server that runs. */
export async function startImapProcess(postel: RunningPostel, options: ProcessOptions): Promise<ImapProcess> {
  const { dataDirectory } = postel;
  const { heapMb } = options;
  const certificates = join(dataDirectory, 'certificates');
  const processName = `imap-${randomBytes(3).toString('hex')}`;
  const common = {
    host: options.host ?? '127.0.0.1',
    port: 0,
    allowPlaintextLogin: options.allowPlaintextLogin ?? true,
    asksClientCertificate: options.asksClientCertificate ?? true,
  };
  const settings: ImapSettings = {
    processName,
    hostname: 'localhost',
    database: options.database ?? postel.database,
    certificates: [{ certFile: join(certificates, 'server.pem'), keyFile: join(certificates, 'server-key.pem') }],
    blobs: { directory: options.blobDirectory ?? join(dataDirectory, 'blobs') },
    messageOctets: options.messageOctets ?? DEFAULT_MESSAGE_OCTETS,
    reserveOctets: options.reserveOctets ?? DEFAULT_RESERVE_OCTETS,
    ...(options.literals === undefined ? {} : { literals: options.literals }),
    login: { trustedNetworks: ['127.0.0.1/32'], ...options.login },
    offersUnauthenticate: options.offersUnauthenticate ?? true,
    metadata: options.metadata ?? [],
    listeners: [
      { ...common, tls: 'starttls' },
      { ...common, tls: 'implicit' },
    ],
  };
  const logFile = join(dataDirectory, 'logs', `${processName}.log`);
  const problems: string[] = [];
  const app = superviseApp({
    entry: ENTRY,
    settings,
    logFile,
    ...(heapMb === undefined
      ? {}
      : { environment: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heapMb} --max-semi-space-size=1` } }),
    onEvent: (event) => {
      if (event.type === 'problem') problems.push(event.line);
    },
  });
  return new ImapProcess(app, await app.ready, logFile, problems);
}
