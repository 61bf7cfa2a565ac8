import { setImmediate as nextTurn } from 'node:timers/promises';
import postgres from 'postgres';
import { CONNECT_AGAIN_MS, Connection, type ConnectionOptions } from './connection.ts';
import type { DatabaseServers } from './database-servers.ts';
import { StorageError } from './errors.ts';

const IDLE_MS = 60_000;
/** A connection that lives for ever grows: Postgres keeps plans and catalogue rows for each. */
const LIFETIME_MS = 3_600_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** Who has waited so long hears that there is no connection: all are busy, or the database hangs. */
const BORROW_TIMEOUT_MS = 8_000;
/** The same while the database is known to be away: an attempt to connect takes longer if it hangs. */
const BORROW_TIMEOUT_WHEN_DOWN_MS = 1_000;
/** One that answered so recently is lent as it is. */
const FRESH_MS = 20;
/** Turns of the event loop in which a socket that the server has closed is seen to be closed. */
const TURNS_TO_SEE_AN_END = 3;

export interface PoolOptions extends ConnectionOptions {
  readonly maxConnections: number;
  /** The database does not answer, as of now. Told once, until `onUp`. */
  onDown?(error: unknown): void;
  /** It answers again. */
  onUp?(): void;
}

interface Waiting {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

/**
 * Lends connections, one borrower at a time each and first come, first served: a statement that waits for a lock holds up
 * no other as long as a connection is left.
 *
 * While the database is away one connection is tried at a time, with growing pauses up to a second, whoever asks and how
 * many they are: they wait for that one, and share its fate.
 */
export class ConnectionPool {
  readonly #servers: DatabaseServers;
  readonly #options: PoolOptions;
  readonly #vet: (connection: Connection) => Promise<void>;
  readonly #connections = new Set<Connection>();
  /** The one used last comes first, so that those not needed grow old. */
  readonly #idle: Connection[] = [];
  readonly #idleTimers = new WeakMap<Connection, NodeJS.Timeout>();
  readonly #waiting: Waiting[] = [];
  #opening = 0;
  #isUp = true;
  /** Attempts to connect that failed since the last that did not; several at once count as one. */
  #failures = 0;
  #retryMs: number = CONNECT_AGAIN_MS.least;
  /** Runs while no connection is to be tried. */
  #retryTimer: NodeJS.Timeout | null = null;
  #whenEmpty: (() => void) | null = null;
  #isClosed = false;

  /** @param vet looks at each new connection before it is lent; one that it throws at is none */
  constructor(servers: DatabaseServers, options: PoolOptions, vet: (connection: Connection) => Promise<void>) {
    this.#servers = servers;
    this.#options = options;
    this.#vet = vet;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** @throws {StorageError} 'unavailable': there is no connection to be had, or the pool is closed */
  async borrow(): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw closed();
      const connection = this.#idle.pop() ?? (await this.#nextFree());
      if (performance.now() - connection.answeredAt < FRESH_MS || (await isStillOpen(connection))) return connection;
    }
  }

  giveBack(connection: Connection): void {
    if (connection.isUsable && (this.#isClosed || performance.now() - connection.openedAt > LIFETIME_MS))
      connection.close();
    if (!connection.isUsable) return;
    this.#noteUp();
    this.#lend(connection);
  }

  /** Waits for what is running, 5 s at most; what waits for a connection is told that there is none. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    this.#refuse(closed());
    for (const connection of [...this.#idle]) connection.close();
    if (this.#connections.size + this.#opening === 0) return;
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
      resolve();
    }, CLOSE_TIMEOUT_MS);
    await empty;
    clearTimeout(timer);
  }

  #nextFree(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        resolve(connection) {
          clearTimeout(timer);
          resolve(connection);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new StorageError('unavailable', this.#isUp ? 'The database is busy' : 'The database does not answer'));
      };
      const timer = setTimeout(giveUp, this.#isUp ? BORROW_TIMEOUT_MS : BORROW_TIMEOUT_WHEN_DOWN_MS);
      this.#waiting.push(waiting);
      this.#openForWaiting();
    });
  }

  /** Opens as many connections as are waited for and allowed, one while the database is away. */
  #openForWaiting(): void {
    if (this.#isClosed || this.#retryTimer !== null) return;
    const most = this.#isUp ? this.#options.maxConnections - this.#connections.size : 1;
    while (this.#opening < Math.min(this.#waiting.length, most)) void this.#open();
  }

  async #open(): Promise<void> {
    this.#opening++;
    const startedAt = performance.now();
    try {
      const connection = await this.#openVetted();
      this.#opening--;
      this.#connections.add(connection);
      connection.onClose = (why) => this.#forget(connection, why);
      this.#endPause();
      this.#retryMs = CONNECT_AGAIN_MS.least;
      this.#failures = 0;
      this.giveBack(connection);
      this.#openForWaiting();
    } catch (error) {
      this.#opening--;
      this.#openFailed(error, performance.now() - startedAt);
    }
    this.#tellIfEmpty();
  }

  async #openVetted(): Promise<Connection> {
    const connection = await Connection.open(this.#servers, this.#options);
    try {
      await this.#vet(connection);
      return connection;
    } catch (cause) {
      connection.close();
      throw new StorageError('unavailable', 'The database does not answer', { cause });
    }
  }

  #openFailed(error: unknown, tookMs: number): void {
    if (this.#isClosed) return;
    if (this.#retryTimer === null) {
      this.#failures++;
      this.#retryTimer = setTimeout(() => this.#tryAgain(), this.#retryMs);
    }
    // A server that answers No, to one connection too many for instance, still serves those there are.
    const isAnswer = error instanceof StorageError && error.cause instanceof postgres.PostgresError;
    if (isAnswer && this.#connections.size > 0) return;
    // What broke other connections may have broken this one too, and be over.
    if (this.#isUp && this.#failures === 1 && tookMs < CONNECT_AGAIN_MS.most) return;
    // Who waits would only learn the same, one connect timeout after the other.
    this.#refuse(error);
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#options.onDown?.(error);
  }

  /** Also if nobody asks, so that it is known when the database is back. */
  #tryAgain(): void {
    this.#retryTimer = null;
    this.#retryMs = Math.min(this.#retryMs * 2, CONNECT_AGAIN_MS.most);
    if (this.#failures === 0) this.#openForWaiting();
    else if (this.#opening === 0) void this.#open();
  }

  #noteUp(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#options.onUp?.();
  }

  #endPause(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  #lend(connection: Connection): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve(connection);
      return;
    }
    this.#idle.push(connection);
    const timer = this.#idleTimers.get(connection);
    if (timer === undefined) this.#idleTimers.set(connection, this.#startIdleTimer(connection));
    else timer.refresh();
  }

  #startIdleTimer(connection: Connection): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#idle.includes(connection)) connection.close();
    }, IDLE_MS).unref();
  }

  #forget(connection: Connection, why: 'asked' | 'lost'): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    clearTimeout(this.#idleTimers.get(connection));
    if (why === 'lost') this.#doubtOthers();
    this.#openForWaiting();
    this.#tellIfEmpty();
  }

  /** What ended one connection has ended others most likely, and we have not heard of it yet. Whether the database is there is tried at once. */
  #doubtOthers(): void {
    for (const idle of [...this.#idle]) idle.close();
    if (!this.#isClosed && this.#opening === 0 && this.#retryTimer === null) void this.#open();
  }

  #refuse(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  #tellIfEmpty(): void {
    if (this.#connections.size + this.#opening === 0) this.#whenEmpty?.();
  }
}

const closed = () => new StorageError('unavailable', 'The database is closed');

/** Whether the server has not closed it while it lay idle, as far as can be known without asking. */
async function isStillOpen(connection: Connection): Promise<boolean> {
  for (let turn = 0; turn < TURNS_TO_SEE_AN_END && connection.isUsable; turn++) await nextTurn();
  return connection.isUsable;
}
