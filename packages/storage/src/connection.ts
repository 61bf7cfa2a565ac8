import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { ConnectionLost, StorageError } from './errors.ts';

/** Where the database is: a URL (`postgres://user:password@host:port/database`), or the socket of the embedded one. */
export type DatabaseTarget =
  | { readonly url: string }
  | { readonly socketDirectory: string; readonly database: string; readonly user: string };

export interface ConnectionOptions {
  /** As `pg_stat_activity` shows it. */
  readonly applicationName: string;
}

/** postgres.js on one connection, with int8 as number: every bigint of ours stays below 2^53. */
export type Client = postgres.Sql<{ bigint: number }>;

const CONNECT_TIMEOUT_S = 5;
/** To connect, log in and be answered. */
const FIRST_ANSWER_MS = 2 * 1_000 * CONNECT_TIMEOUT_S;
const KEEP_ALIVE_S = 30;
/** After a connect that failed the next waits so long, the one after it twice as long, and so on. */
export const CONNECT_AGAIN_MS = { least: 50, most: 1_000 } as const;
const LISTEN_TIMEOUT_MS = 5_000;

/**
 * How long we wait for an answer. A server that works keeps to its own statement_timeout, so whatever passes the deadline
 * of a write went to one that hangs. A read may be given up any time: nothing depends on what becomes of it.
 */
export const DEADLINE_MS = { read: 8_000, write: 25_000 } as const;

/** What every connection of ours sets for itself. No statement and no lock wait goes on for ever (times in ms). */
const SESSION_SETTINGS = {
  idle_in_transaction_session_timeout: 5_000,
  lock_timeout: 10_000,
  statement_timeout: 20_000,
  // 250 and OK are said after the commit, and a commit is on the disk, whatever the server's default.
  synchronous_commit: 'on',
  // Our statements are short: compiling one costs more than running it.
  jit: 'off',
  // They all have an index to go by. A plan made while a table is small is kept when it has grown, for minutes.
  enable_seqscan: 'off',
  // And one plan does for all values: with new ones each time a refresh took 0.3 ms of the server's CPU instead of 0.1.
  plan_cache_mode: 'force_generic_plan',
} as const;

const WHO_SERVES_US = `
  select pid, backend_start::text as "startedAt" from pg_stat_get_activity(pg_backend_pid())`;

interface ClientEvents {
  onclose?(): void;
  onnotify?(channel: string, payload: string): void;
  /** The socket to the server, before it is connected. */
  onsocket?(socket: Socket): void;
}

/** A connection as the server knows it: also the PID alone may be another's by now. */
export interface Session {
  readonly pid: number;
  /** `pg_stat_activity.backend_start`, as text. */
  readonly startedAt: string;
}

/** Makes the client; it connects with its first statement, and once. */
export function connectClient(
  target: DatabaseTarget,
  { applicationName }: ConnectionOptions,
  { onsocket, ...events }: ClientEvents = {},
): Client {
  const settings: postgres.Options<{ bigint: postgres.PostgresType<number> }> = {
    ...events,
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_S,
    keep_alive: KEEP_ALIVE_S,
    idle_timeout: 0,
    max_lifetime: null,
    connection: { application_name: applicationName, ...SESSION_SETTINGS },
    types: { bigint: safeBigint },
    onnotice: () => {},
    // Arrays go as text (sql-arrays.ts), so the types need not be asked for at each connect.
    fetch_types: false,
  };
  let hasSocket = false;
  const making = (options: SocketOptions) => {
    // postgres.js connects again, and again at once, to a server that closes before it has answered.
    if (hasSocket) throw Object.assign(new Error('The server closed the connection'), { code: 'CONNECTION_CLOSED' });
    hasSocket = true;
    const socket = makeSocket(options);
    onsocket?.(socket);
    return socket;
  };
  if ('url' in target) {
    const url = new URL(target.url);
    const host = decodeURIComponent(url.searchParams.get('host') ?? url.hostname);
    if (!host.startsWith('/')) return postgres(target.url, { ...settings, ...{ socket: making } });
    // A socket's directory, as libpq has it in a URL. postgres.js would ask the server for a setting called host.
    url.searchParams.delete('host');
    const path = `${host}/.s.PGSQL.${url.port || 5432}`;
    return postgres(url.href, { ...settings, ...{ socket: making }, path });
  }
  return postgres({
    ...settings,
    ...{ socket: making },
    path: `${target.socketDirectory}/.s.PGSQL.5432`,
    database: target.database,
    user: target.user,
  });
}

const safeBigint: postgres.PostgresType<number> = {
  to: 20,
  from: [20],
  serialize: (value: number) => String(value),
  parse: (text: string) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
    return value;
  },
};

interface SocketOptions {
  /** Of a Unix socket. */
  readonly path?: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

/**
 * TCP_NODELAY: without it a reply waits for the delayed acknowledgement of the piece before. The socket is given back
 * before it is connected, so that postgres.js sees it fail, and times it out, as it does its own.
 */
function makeSocket({ path, host: hosts, port: ports }: SocketOptions): Socket {
  if (path) return connect(path);
  const host = hosts[0] ?? '127.0.0.1';
  const port = ports[0] ?? 5432;
  return Object.assign(connect({ host, port, noDelay: true }), { host, port }); // postgres.js takes the SNI from `host`
}

/**
 * One connection, from its first statement to its end; it never comes back. postgres.js connects a client anew by itself,
 * but what it had buffered, and the server's last error, go into the new connection with it; and a statement given to a
 * client whose connection broke in a transaction throws where nobody can catch it, or runs outside the transaction
 * (porsager/postgres issues 1154 and 1208, pull request 1155; seen with 3.4.9). So a client that has lost its connection
 * is thrown away, and none is given a statement while another one is running.
 */
export class Connection {
  readonly openedAt = performance.now();
  /** When it answered last. */
  answeredAt = this.openedAt;
  readonly #client: Client;
  #socket: Socket | null = null;
  #session: Session | null = null;
  #isUsable = true;
  #onClose: (why: 'asked' | 'lost') => void = () => {};

  private constructor(target: DatabaseTarget, options: ConnectionOptions) {
    this.#client = connectClient(target, options, {
      onclose: () => this.#end('lost'),
      onsocket: (socket) => {
        this.#socket = socket;
      },
    });
  }

  /** @throws {StorageError} 'unavailable'; its cause is the server's own answer, if there was one */
  static async open(target: DatabaseTarget, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(target, options);
    try {
      const [session] = await connection.run((client) => client.unsafe<Session[]>(WHO_SERVES_US), FIRST_ANSWER_MS);
      connection.#session = session ?? null;
      return connection;
    } catch (error) {
      connection.close();
      const cause = error instanceof ConnectionLost ? error.cause : error;
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** What to do when the connection ends, also while no statement runs. */
  set onClose(listener: (why: 'asked' | 'lost') => void) {
    this.#onClose = listener;
  }

  /**
   * Runs one statement, while no other one is running.
   *
   * @param deadlineMs a server that has not answered by then hangs, and the connection ends; Infinity: never
   * @throws {ConnectionLost} nobody knows what became of the statement, unless it says so
   * @throws {StorageError} 'unavailable': it was not sent
   */
  async run<Result>(statement: (client: Client) => PromiseLike<Result>, deadlineMs: number): Promise<Result> {
    if (!this.#isUsable) throw new StorageError('unavailable', 'The connection to the database broke');
    let isLate = false;
    const giveUp = () => {
      isLate = true;
      this.#end('lost');
      this.#socket?.destroy(new Error(`The database did not answer within ${deadlineMs / 1_000} s`));
    };
    const timer = deadlineMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, deadlineMs);
    try {
      const result = await statement(this.#client);
      this.answeredAt = performance.now();
      return result;
    } catch (error) {
      if (error instanceof postgres.PostgresError && !endsSession(error)) {
        this.answeredAt = performance.now();
        throw error;
      }
      const isLost = isLate || isOfConnection(error) || error instanceof postgres.PostgresError;
      this.#end(isLost ? 'lost' : 'asked');
      this.#hangUp();
      throw isLost
        ? new ConnectionLost({ cause: error, isLate, isUnsent: wasNotSent(error), session: this.#session })
        : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection at once. */
  close(): void {
    this.#end('asked');
    this.#hangUp();
  }

  #hangUp(): void {
    void this.#client.end({ timeout: 0 }).catch(() => {});
  }

  #end(why: 'asked' | 'lost'): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    this.#onClose(why);
  }
}

/** Codes of Node for sockets, of OpenSSL for TLS (with or without ERR_SSL_), and of postgres.js for connections. */
const CONNECTION_CODE =
  /^(E[A-Z]+$|CONNECT|ERR_(SSL|TLS|SOCKET|STREAM)_|ERR_INVALID_PROTOCOL|(UNABLE_TO|CERT|SELF_SIGNED|DEPTH_ZERO|CRL|HOSTNAME)_)/;

/** Whether what postgres.js threw, if not the server's own error, is of the connection rather than a mistake of ours. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('syscall' in error || 'library' in error) return true;
  return 'code' in error && CONNECTION_CODE.test(String(error.code));
}

/** The server's last word to a session. It may come in the place of an answer, after the commit: it says nothing of the statement. */
function endsSession({ severity }: postgres.PostgresError): boolean {
  return severity === 'FATAL' || severity === 'PANIC';
}

/** EPIPE: the server had gone when the last piece of the statement was written, so it never had all of it. */
function wasNotSent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

/** See Database.listen. */
export async function listenOn(
  target: DatabaseTarget,
  options: ConnectionOptions,
  channel: string,
  listener: { heard(payload: string): void; listening(): void },
): Promise<() => Promise<void>> {
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let waitMs: number = CONNECT_AGAIN_MS.least;
  let isStopped = false;

  const attempt = async () => {
    const mine = connectClient(target, options, {
      onnotify: (_, payload) => listener.heard(payload),
      onclose: () => again(mine),
    });
    client = mine;
    // A server that hangs lets us connect: what it does not answer ends with the client.
    const giveUp = setTimeout(() => void mine.end({ timeout: 0 }).catch(() => {}), LISTEN_TIMEOUT_MS);
    try {
      await mine.unsafe(`listen ${channel}`);
    } catch (cause) {
      again(mine);
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    } finally {
      clearTimeout(giveUp);
    }
    waitMs = CONNECT_AGAIN_MS.least;
    listener.listening();
  };
  const again = (broken: Client) => {
    void broken.end({ timeout: 0 }).catch(() => {});
    if (client !== broken) return; // taken care of
    client = null;
    if (isStopped) return;
    timer = setTimeout(() => void attempt().catch(() => {}), waitMs);
    waitMs = Math.min(waitMs * 2, CONNECT_AGAIN_MS.most);
  };
  const stop = async () => {
    isStopped = true;
    clearTimeout(timer);
    await client?.end({ timeout: 0 }).catch(() => {});
  };

  try {
    await attempt();
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
