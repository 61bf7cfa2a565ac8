import { connect } from 'node:net';
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
const KEEP_ALIVE_S = 30;
const LISTEN_AGAIN_MS = { least: 50, most: 5_000 } as const;

/** What every connection of ours sets for itself. No statement and no lock wait goes on for ever (times in ms). */
const SESSION_SETTINGS = {
  idle_in_transaction_session_timeout: 5_000,
  lock_timeout: 10_000,
  statement_timeout: 60_000,
  // 250 and OK are said after the commit, and a commit is on the disk, whatever the server's default.
  synchronous_commit: 'on',
  // Our statements are short: compiling one costs more than running it.
  jit: 'off',
  // They all have an index to go by. A plan made while a table is small is kept when it has grown, for minutes.
  enable_seqscan: 'off',
  // And one plan does for all values: with new ones each time a refresh took 0.3 ms of the server's CPU instead of 0.1.
  plan_cache_mode: 'force_generic_plan',
} as const;

interface ClientEvents {
  onclose?(): void;
  onnotify?(channel: string, payload: string): void;
}

/** Makes the client; it connects with its first statement. */
export function connectClient(
  target: DatabaseTarget,
  { applicationName }: ConnectionOptions,
  events: ClientEvents = {},
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
  if ('url' in target) {
    const url = new URL(target.url);
    const host = decodeURIComponent(url.searchParams.get('host') ?? url.hostname);
    return postgres(target.url, host.startsWith('/') ? settings : { ...settings, ...{ socket: noDelaySocket } });
  }
  return postgres({
    ...settings,
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

/**
 * TCP_NODELAY: without it a reply waits for the delayed acknowledgement of the piece before. The socket is given back
 * before it is connected, so that postgres.js sees it fail, and times it out, as it does its own.
 */
function noDelaySocket(options: { host: string[]; port: number[] }) {
  const host = options.host[0] ?? '127.0.0.1';
  const port = options.port[0] ?? 5432;
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
  readonly #client: Client;
  #isUsable = true;
  #onClose: () => void = () => {};

  private constructor(target: DatabaseTarget, options: ConnectionOptions) {
    this.#client = connectClient(target, options, { onclose: () => this.#lose() });
  }

  /** @throws {StorageError} 'unavailable' */
  static async open(target: DatabaseTarget, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(target, options);
    try {
      await connection.#client.unsafe('select');
      return connection;
    } catch (cause) {
      connection.close();
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** What to do when the connection breaks, also while no statement runs. */
  set onClose(listener: () => void) {
    this.#onClose = listener;
  }

  /**
   * Runs one statement, while no other one is running.
   *
   * @throws {ConnectionLost} nobody knows what became of the statement
   * @throws {StorageError} 'unavailable': it was not sent
   */
  async run<Result>(statement: (client: Client) => PromiseLike<Result>): Promise<Result> {
    if (!this.#isUsable) throw new StorageError('unavailable', 'The connection to the database broke');
    try {
      return await statement(this.#client);
    } catch (error) {
      if (error instanceof postgres.PostgresError) throw error;
      this.close();
      throw isOfConnection(error) ? new ConnectionLost({ cause: error }) : error;
    }
  }

  /** Ends the connection at once. */
  close(): void {
    this.#lose();
    void this.#client.end({ timeout: 0 }).catch(() => {});
  }

  #lose(): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    this.#onClose();
  }
}

/** Whether what postgres.js threw, if not the server's own error, is of the connection rather than a mistake of ours. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'syscall' in error || ('code' in error && /^CONNECT/.test(String(error.code)));
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
  let waitMs: number = LISTEN_AGAIN_MS.least;
  let isStopped = false;

  const attempt = async () => {
    const mine = connectClient(target, options, {
      onnotify: (_, payload) => listener.heard(payload),
      onclose: () => again(mine),
    });
    client = mine;
    try {
      await mine.unsafe(`listen ${channel}`);
    } catch (cause) {
      again(mine);
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
    waitMs = LISTEN_AGAIN_MS.least;
    listener.listening();
  };
  const again = (broken: Client) => {
    void broken.end({ timeout: 0 }).catch(() => {});
    if (client !== broken) return; // taken care of
    client = null;
    if (isStopped) return;
    timer = setTimeout(() => void attempt().catch(() => {}), waitMs);
    waitMs = Math.min(waitMs * 2, LISTEN_AGAIN_MS.most);
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
