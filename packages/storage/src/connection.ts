import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { type DatabaseServer, type DatabaseServers, StandbyError } from './database-servers.ts';
import { ConnectionLost, StorageError } from './errors.ts';

export interface ConnectionOptions {
  /** As `pg_stat_activity` shows it. */
  readonly applicationName: string;
}

/** postgres.js on one connection, with int8 as number: every bigint of ours stays below 2^53. */
export type Client = postgres.Sql<{ bigint: number }>;

const CONNECT_TIMEOUT_S = 5;
/** To connect, log in and be answered. */
const FIRST_ANSWER_MS = 2 * 1_000 * CONNECT_TIMEOUT_S;
/**
 * A host that was cut off hears nothing and is told nothing: after 15 s of silence the system asks, and after three questions
 * without an answer gives the connection up. Times in ms.
 */
const KEEP_ALIVE = { enable: true, initialDelay: 15_000, interval: 5_000, count: 3 };
/** After a connect that failed the next waits so long, the one after it twice as long, and so on. */
export const CONNECT_AGAIN_MS = { least: 50, most: 1_000 } as const;
const LISTEN_TIMEOUT_MS = 5_000;
/** Who listens may hear nothing because nothing was told, or because something on the way died: so it asks. */
const LISTEN_CHECK_MS = 10_000;

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
  // The server, too, gives up a client that was cut off in the middle of an answer, and whatever that one holds.
  tcp_user_timeout: 20_000,
  tcp_keepalives_idle: 15,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  // Not "$user" before it: a role may have the name of a schema, `mail` for instance, whose views are called as our tables.
  search_path: 'public',
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
  select pid, backend_start::text as "startedAt", pg_is_in_recovery() as "isStandby"
    from pg_stat_get_activity(pg_backend_pid())`;

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

/** Makes the client; it connects with its first statement, and once. @throws if a file of its TLS cannot be read */
function connectClient(
  server: DatabaseServer,
  { applicationName }: ConnectionOptions,
  { onsocket, ...events }: ClientEvents = {},
): Client {
  const { at, user, password, database, tls, parameters } = server;
  const settings: postgres.Options<{ bigint: postgres.PostgresType<number> }> = {
    ...events,
    ...at,
    user,
    password,
    database,
    ssl: typeof tls === 'function' ? tls() : (tls ?? false),
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_S,
    keep_alive: 0, // ours
    idle_timeout: 0,
    max_lifetime: null,
    connection: { application_name: applicationName, ...parameters, ...SESSION_SETTINGS },
    types: { bigint: safeBigint },
    onnotice: () => {},
    // Arrays go as text (sql-arrays.ts), so the types need not be asked for at each connect.
    fetch_types: false,
  };
  let hasSocket = false;
  const making = () => {
    // postgres.js connects again, and again at once, to a server that closes before it has answered.
    if (hasSocket) throw Object.assign(new Error('The server closed the connection'), { code: 'CONNECTION_CLOSED' });
    hasSocket = true;
    const socket = makeSocket(at);
    onsocket?.(socket);
    return socket;
  };
  return postgres({ ...settings, ...{ socket: making } });
}

/**
 * A client that has connected to the primary.
 *
 * @throws {StandbyError} if there is none, or what the network, TLS or the server says
 */
export function connectToPrimary(servers: DatabaseServers, options: ConnectionOptions): Promise<Client> {
  return servers.try(async (server) => {
    const client = connectClient(server, options);
    try {
      await meetPrimary(client, server);
      return client;
    } catch (error) {
      await client.end({ timeout: 0 }).catch(() => {});
      throw error;
    }
  });
}

/** @throws {StandbyError} */
async function meetPrimary(client: Client, server: DatabaseServer): Promise<Session> {
  const [session] = await client.unsafe<(Session & { isStandby: boolean })[]>(WHO_SERVES_US);
  if (session === undefined || session.isStandby) throw new StandbyError(server);
  return session;
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

/**
 * TCP_NODELAY: without it a reply waits for the delayed acknowledgement of the piece before. The socket is given back
 * before it is connected, so that postgres.js sees it fail, and times it out, as it does its own.
 */
function makeSocket(at: DatabaseServer['at']): Socket {
  if ('path' in at) return connect(at.path);
  const socket = connect({ ...at, noDelay: true }).setKeepAlive(KEEP_ALIVE);
  return Object.assign(socket, at); // postgres.js takes the SNI from `host`
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

  private constructor(server: DatabaseServer, options: ConnectionOptions) {
    this.#client = connectClient(server, options, {
      onclose: () => this.#end('lost'),
      onsocket: (socket) => {
        this.#socket = socket;
      },
    });
  }

  /** To the primary. @throws {StorageError} 'unavailable'; its cause is the server's own answer, if there was one */
  static async open(servers: DatabaseServers, options: ConnectionOptions): Promise<Connection> {
    try {
      return await servers.try((server) => Connection.#openTo(server, options));
    } catch (error) {
      const cause = error instanceof ConnectionLost ? error.cause : error;
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
  }

  static async #openTo(server: DatabaseServer, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(server, options);
    try {
      connection.#session = await connection.run((client) => meetPrimary(client, server), FIRST_ANSWER_MS);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
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
  servers: DatabaseServers,
  options: ConnectionOptions,
  channel: string,
  listener: { heard(payload: string): void; listening(): void },
): Promise<() => Promise<void>> {
  /** The one made last, and whether it listens. */
  let client: Client | null = null;
  let isListening = false;
  let timer: NodeJS.Timeout | undefined;
  let waitMs: number = CONNECT_AGAIN_MS.least;
  let isStopped = false;

  /** Once more does no harm. A standby says that it cannot. */
  const listen = (mine: Client) => answerTo(mine, `listen ${channel}`);
  const listenTo = async (server: DatabaseServer) => {
    const mine = connectClient(server, options, {
      onnotify: (_, payload) => listener.heard(payload),
      onclose: () => lost(mine),
    });
    client = mine;
    try {
      await listen(mine);
    } catch (error) {
      void mine.end({ timeout: 0 }).catch(() => {});
      throw error;
    }
    isListening = true;
    void check(mine);
  };
  const check = async (mine: Client) => {
    while (client === mine && isListening) {
      await delay(LISTEN_CHECK_MS, undefined, { ref: false });
      if (client === mine && isListening) await listen(mine).catch(() => lost(mine));
    }
  };
  const lost = (mine: Client) => {
    void mine.end({ timeout: 0 }).catch(() => {});
    if (client !== mine || !isListening) return; // taken care of
    isListening = false;
    again();
  };
  const attempt = async () => {
    try {
      await servers.try(listenTo);
    } catch (cause) {
      again();
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
    waitMs = CONNECT_AGAIN_MS.least;
    listener.listening();
  };
  const again = () => {
    if (isStopped) return;
    timer = setTimeout(() => void attempt().catch(() => {}), waitMs);
    waitMs = Math.min(waitMs * 2, CONNECT_AGAIN_MS.most);
  };
  const stop = async () => {
    isStopped = true;
    isListening = false;
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

/** A server that hangs lets us connect: what it does not answer ends with the client. */
async function answerTo(client: Client, statement: string): Promise<void> {
  const giveUp = setTimeout(() => void client.end({ timeout: 0 }).catch(() => {}), LISTEN_TIMEOUT_MS);
  try {
    await client.unsafe(statement);
  } finally {
    clearTimeout(giveUp);
  }
}
