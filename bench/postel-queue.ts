import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDirectory } from '@postel/directory';
import { dkimRecordName } from '@postel/domain-records';
import { formatDkimRecord } from '@postel/message-auth';
import { Queue } from '@postel/queue';
import { type Database, migrate, openDatabase } from '@postel/storage';
import { makeTemporaryDirectory, type OwnPostel, removeTemporaryDirectory, startDatabase } from '@postel/testkit';
import { ScriptedServer } from '../packages/dns/src/testing/scripted-server.ts';

const RELAY = fileURLToPath(new URL('../apps/relay/src/main.ts', import.meta.url));
const LOOK_AGAIN_MS = 50;
const CLIENTS = 8;
const TTL = 3_600;
/** As content comes that was received. */
const PIECE_OCTETS = 64 * 1024;
const SENDER_DOMAIN = 'example.com';
/** Wherever a message goes, it is to the sink. */
const SINK = 'mx.sink.example';

/** Postel's queue on an embedded Postgres of its own, and the relay as the supervisor starts it. */
export class PostelQueue implements AsyncDisposable {
  readonly #postgres: OwnPostel;
  readonly #database: Database;
  readonly #dns: ScriptedServer;
  readonly #sinkPort: number;
  readonly #directory = makeTemporaryDirectory();
  #relay: ChildProcess | null = null;

  private constructor(postgres: OwnPostel, database: Database, dns: ScriptedServer, sinkPort: number) {
    this.#postgres = postgres;
    this.#database = database;
    this.#dns = dns;
    this.#sinkPort = sinkPort;
  }

  static async start(sinkPort: number): Promise<PostelQueue> {
    const postgres = await startDatabase();
    await migrate(postgres.database);
    const database = openDatabase(postgres.database, { applicationName: 'bench', maxConnections: CLIENTS });
    const directory = openDirectory(database).as({ type: 'server', task: 'bench' });
    await directory.addDomain(SENDER_DOMAIN);
    const keys = await directory.dkimKeys.list(SENDER_DOMAIN);
    await directory.close();
    const texts = new Map(keys.map((key) => [dkimRecordName(key), formatDkimRecord(key.subjectPublicKeyInfo)]));
    const dns = await ScriptedServer.start((name, type) => {
      const text = texts.get(name);
      if (text !== undefined && type === 'TXT') {
        return { answers: [{ name, type, ttl: TTL, data: text.match(/.{1,255}/g) ?? [] }] };
      }
      if (name === SINK) return { answers: type === 'A' ? [{ name, type, ttl: TTL, data: '127.0.0.1' }] : [] };
      if (/^[^_]*sink\.example$/.test(name)) {
        const data = { preference: 10, exchange: SINK };
        return { answers: type === 'MX' ? [{ name, type, ttl: TTL, data }] : [] };
      }
      return { code: 3 };
    });
    return new PostelQueue(postgres, database, dns, sinkPort);
  }

  /** Of the database. */
  get postgresPid(): number {
    return this.#postgres.pids.postgres;
  }

  /** Puts messages into the queue; nobody takes them out. */
  async fill(messages: number, octets: number, isSigned: boolean): Promise<void> {
    const queue = new Queue(this.#database);
    const content = contentOf(octets);
    const envelope = {
      reversePath: `mary@${SENDER_DOMAIN}`,
      isUtf8: false,
      requiresTls: false,
      envelopeId: null,
      returnContent: null,
      submitter: null,
      releaseRequest: null,
    };
    const recipient = {
      forwardPath: 'bob@sink.example',
      notify: null,
      originalRecipient: null,
      alias: null,
      listFields: '',
    };
    let next = 0;
    const work = async () => {
      while (next++ < messages) {
        await queue.keep(content, {
          name: `bench-${next}`,
          account: null,
          envelope,
          mayBeBinary: false,
          prefix: Buffer.alloc(0),
          signers: isSigned ? [SENDER_DOMAIN] : [],
          tellsSender: true,
          recipients: [recipient],
          waitMs: 0,
          releaseAt: null,
        });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, work));
    // What filling it has left to do is not the relay's.
    await this.#database.sql`vacuum analyze queue_messages, queue_recipients, queue_contents, queue_events`;
    await this.#database.sql`checkpoint`;
  }

  /** Lets what is in the queue go. @param nodeOptions of the process @returns the relay's process */
  async open(nodeOptions: readonly string[] = []): Promise<number> {
    const child = fork(RELAY, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [...nodeOptions] });
    this.#relay = child;
    const settings = {
      processName: 'relay',
      hostname: 'mail.example.com',
      database: this.#postgres.database,
      blobs: { directory: join(this.#directory, 'blobs') },
      dnsServers: [{ address: '127.0.0.1', port: this.#dns.port, isTrusted: false }],
      lifetimeDays: 5,
      firstRetryMinutes: 5,
      longestRetryMinutes: 240,
      delayNoticeHours: 4,
      tlsPatienceHours: 24,
      tlsReports: true,
      dmarcReports: false,
      secretKeyFile: '/nowhere/secrets.key',
      privateNetworks: ['127.0.0.0/8'],
      port: this.#sinkPort,
    };
    child.send({ type: 'start', settings, sockets: [] });
    const [message] = await once(child, 'message');
    if (message.type !== 'ready') throw new Error(JSON.stringify(message));
    return child.pid ?? 0;
  }

  /** Waits until nothing is in it. */
  async empty(): Promise<void> {
    const { sql } = this.#database;
    while ((await sql`select from queue_recipients where finished_at is null limit 1`).length > 0) {
      await pause(LOOK_AGAIN_MS);
    }
    const [failed] = await sql<{ reply: string }[]>`
      select last_reply as reply from queue_recipients where state <> 'delivered' limit 1`;
    if (failed !== undefined) throw new Error(failed.reply);
  }

  /** Ends the relay, and forgets what went by it. */
  async close(): Promise<void> {
    const relay = this.#relay;
    if (relay !== null) {
      relay.send({ type: 'stop' });
      await once(relay, 'exit');
    }
    this.#relay = null;
    await this.#database.sql`truncate queue_messages, queue_recipients, queue_contents, queue_events, queue_copies`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#relay !== null) await this.close();
    await this.#database.close();
    await this.#dns[Symbol.asyncDispose]();
    await this.#postgres[Symbol.asyncDispose]();
    removeTemporaryDirectory(this.#directory);
  }
}

/** A message of so many octets, in lines of 72. */
function contentOf(octets: number) {
  const header = `From: Mary <mary@${SENDER_DOMAIN}>\r\nTo: bob@sink.example\r\nSubject: bench\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <bench@${SENDER_DOMAIN}>\r\n\r\n`;
  const line = `${'x'.repeat(70)}\r\n`;
  const lines = Math.max(1, Math.round((octets - header.length) / line.length));
  const message = Buffer.from(header + line.repeat(lines));
  return {
    sizeOctets: message.length,
    headerOctets: header.length,
    async *read(start: number, end: number) {
      for (let at = start; at < end; at += PIECE_OCTETS) yield message.subarray(at, Math.min(at + PIECE_OCTETS, end));
    },
  };
}
