import { NetworkList, openDirectory } from '@postel/directory';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { MessageSigner } from '@postel/message-auth';
import {
  DEFAULT_SCHEDULE,
  type NewMessage,
  Queue,
  ResultCounter,
  ResultTable,
  StsPolicyTable,
  TlsMemory,
} from '@postel/queue';
import { BlobDirectory, openDatabase, Store } from '@postel/storage';
import { createLog, Registry } from '@postel/supervision';
import { createTestDatabase, TemporaryDirectory } from '@postel/testkit';
import { StsPolicies } from '@postel/tls-policy';
import type { LocalMail } from '../deliver-here.ts';
import { OutgoingSignatures } from '../outgoing-signatures.ts';
import { ReachableAddresses } from '../reachable-addresses.ts';
import { Relay } from '../relay.ts';
import { RelayMetrics } from '../relay-metrics.ts';
import { Routing } from '../routing.ts';
import { TlsGuard } from '../tls-guard.ts';
import { TlsMetrics } from '../tls-metrics.ts';
import { TlsResults } from '../tls-results.ts';

const DAY_MS = 86_400_000;

export interface RelayParts {
  readonly zone?: Readonly<Record<string, ScriptedName>>;
  readonly port?: number;
  /** As CIDR: by default all of this machine. */
  readonly privateNetworks?: readonly string[];
  readonly leaseMs?: number;
  readonly isSigned?: boolean;
  /** Where policies of MTA-STS are, and who vouches for servers. */
  readonly web?: { readonly port: number; readonly authorities: string };
  readonly tlsPatienceMs?: number;
  readonly logFile?: string;
  /** Of the secrets of routes. */
  readonly keyFile?: string;
  /** In place of the one of the queue: one with faults, say. */
  readonly store?: LocalMail['store'];
  /** As RelayOptions has it. */
  readonly now?: () => number;
}

/** A queue in a database of its own, and relays on it. */
export async function startQueue() {
  const stack = new AsyncDisposableStack();
  const { target } = stack.use(await createTestDatabase());
  const directoryPath = stack.use(new TemporaryDirectory()).path;
  const database = openDatabase(target, { applicationName: 'relay test', maxConnections: 6 });
  const queue = new Queue(database);
  const store = new Store(database, { blobs: new BlobDirectory(directoryPath), onError: () => {} });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  stack.defer(async () => {
    await store.close();
    await directory.close();
    await database.close();
  });
  const { sql } = database;

  async function put(text: string, more: Partial<Omit<NewMessage, 'recipients'>>, recipients: readonly PutRecipient[]) {
    const octets = Buffer.from(text);
    const end = octets.indexOf('\r\n\r\n');
    const content = {
      sizeOctets: octets.length,
      headerOctets: end === -1 ? octets.length : end + 4,
      async *read(start: number, stop: number) {
        yield octets.subarray(start, stop);
      },
    };
    return await queue.keep(content, {
      name: 'test-1',
      account: null,
      envelope: { ...ENVELOPE, ...more.envelope },
      mayBeBinary: false,
      prefix: Buffer.alloc(0),
      signers: [],
      tellsSender: true,
      waitMs: 0,
      releaseAt: null,
      ...omitEnvelope(more),
      recipients: recipients.map((recipient) => ({ ...RECIPIENT, ...recipient })),
    });
  }

  async function startRelay(parts: RelayParts = {}) {
    const { zone = {}, port = 25, privateNetworks = ['127.0.0.0/8', '::1/128'], leaseMs, isSigned = false } = parts;
    const { web, tlsPatienceMs = DAY_MS, logFile = '/dev/null', keyFile = `${directoryPath}/secrets.key` } = parts;
    const own = openDatabase(target, { applicationName: 'relay test relay', maxConnections: 6 });
    const ownQueue = new Queue(own, leaseMs === undefined ? {} : { leaseMs });
    const resolver = new ScriptedResolver(zone, isSigned);
    const reachable = new ReachableAddresses(new NetworkList(privateNetworks), () => new Set(['192.0.2.25']));
    const memory = new TlsMemory(own.sql);
    const authorities = web?.authorities ?? null;
    const log = createLog({ name: 'relay-test', file: logFile });
    const results = new TlsResults(new ResultCounter(new ResultTable(own.sql, 'tls')));
    const tls = new TlsGuard({
      resolver,
      policies: new StsPolicies({
        store: new StsPolicyTable(own.sql),
        resolver,
        web: { resolver, authorities, isReachable: (address) => reachable.includes(address), port: web?.port ?? 443 },
        onFailure: () => {},
      }),
      memory,
      authorities,
      patienceMs: tlsPatienceMs,
      results,
      port,
      log,
      metrics: new TlsMetrics(new Registry(), memory),
    });
    const metrics = new RelayMetrics(new Registry(), ownQueue);
    const signer = new MessageSigner({ workers: 1 });
    const relay = new Relay({
      queue: ownQueue,
      signatures: new OutgoingSignatures({ directory, resolver, signer, log, metrics }),
      local: { directory, store: parts.store ?? store.arrivals },
      routing: new Routing(directory.routes, keyFile),
      hostname: 'mail.example.com',
      way: {
        resolver,
        reachable,
        hostname: 'mail.example.com',
        port,
        tls,
      },
      schedule: DEFAULT_SCHEDULE,
      log,
      metrics,
      ...(parts.now === undefined ? {} : { now: parts.now }),
    });
    relay.start();
    return {
      async [Symbol.asyncDispose]() {
        await relay.stop();
        await signer.close();
        await results.flush();
        await own.close();
      },
    };
  }

  /** What became of everybody, once it is as `until` wants it. */
  async function recipients(until: (rows: readonly Row[]) => boolean): Promise<readonly Row[]> {
    for (;;) {
      const rows = await sql<Row[]>`
        select forward_path as "forwardPath", state, last_status as status, last_reply as reply, last_mta as mta, attempts,
               lease is not null as "isLeased", (extract(epoch from next_attempt_at - now()))::float8 as "pauseSeconds"
          from queue_recipients order by recipient_id`;
      if (until(rows)) return rows;
    }
  }

  return {
    queue,
    sql,
    store,
    directory,
    directoryPath,
    /** Of the secrets of routes. */
    keyFile: `${directoryPath}/secrets.key`,
    target,
    put,
    startRelay,
    recipients,
    /** Everybody has been tried. */
    settled: () => recipients((rows) => rows.every(({ attempts, isLeased }) => attempts > 0 && !isLeased)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export type TestQueue = Awaited<ReturnType<typeof startQueue>>;

export interface Row {
  readonly forwardPath: string;
  readonly state: string;
  readonly status: string | null;
  readonly reply: string | null;
  readonly mta: string | null;
  readonly attempts: number;
  readonly isLeased: boolean;
  readonly pauseSeconds: number;
}

type PutRecipient = Partial<NewMessage['recipients'][number]> & { readonly forwardPath: string };

export const ENVELOPE: NewMessage['envelope'] = {
  reversePath: 'mary@example.com',
  isUtf8: false,
  requiresTls: false,
  envelopeId: null,
  returnContent: null,
  submitter: null,
  releaseRequest: null,
};
const RECIPIENT = { notify: null, originalRecipient: null, alias: null, listFields: '' };

function omitEnvelope<Parts extends { readonly envelope?: unknown }>({ envelope: _, ...others }: Parts) {
  return others;
}
