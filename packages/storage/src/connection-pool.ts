import { Connection, type ConnectionOptions, type DatabaseTarget } from './connection.ts';
import { StorageError } from './errors.ts';

const IDLE_MS = 60_000;
/** A connection that lives for ever grows: Postgres keeps plans and catalogue rows for each. */
const LIFETIME_MS = 3_600_000;
const CLOSE_TIMEOUT_MS = 5_000;

interface Waiting {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

/**
 * Lends connections, one borrower at a time each and first come, first served: a statement that waits for a lock holds up
 * no other as long as a connection is left.
 */
export class ConnectionPool {
  readonly #target: DatabaseTarget;
  readonly #options: ConnectionOptions;
  readonly #maxConnections: number;
  readonly #connections = new Set<Connection>();
  /** The one used last comes first, so that those not needed grow old. */
  readonly #idle: Connection[] = [];
  readonly #idleTimers = new WeakMap<Connection, NodeJS.Timeout>();
  readonly #waiting: Waiting[] = [];
  #opening = 0;
  #whenEmpty: (() => void) | null = null;
  #isClosed = false;

  constructor(target: DatabaseTarget, { maxConnections, ...options }: ConnectionOptions & { maxConnections: number }) {
    this.#target = target;
    this.#options = options;
    this.#maxConnections = maxConnections;
  }

  /** @throws {StorageError} 'unavailable': no connection can be made, or the pool is closed */
  async borrow(): Promise<Connection> {
    if (this.#isClosed) throw new StorageError('unavailable', 'The database is closed');
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#connections.size + this.#opening < this.#maxConnections) void this.#open();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  giveBack(connection: Connection): void {
    if (connection.isUsable && (this.#isClosed || performance.now() - connection.openedAt > LIFETIME_MS))
      connection.close();
    if (connection.isUsable) this.#lend(connection);
  }

  /** Waits for what is running, 5 s at most; what waits for a connection is told that there is none. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#refuse(new StorageError('unavailable', 'The database is closed'));
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

  async #open(): Promise<void> {
    this.#opening++;
    try {
      const connection = await Connection.open(this.#target, this.#options);
      this.#opening--;
      this.#connections.add(connection);
      connection.onClose = () => this.#forget(connection);
      this.giveBack(connection);
    } catch (error) {
      this.#opening--;
      // If nothing else is under way, who waits would only learn the same, one connect timeout after the other.
      if (this.#connections.size + this.#opening === 0) this.#refuse(error);
    }
    this.#tellIfEmpty();
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

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    clearTimeout(this.#idleTimers.get(connection));
    if (this.#waiting.length > this.#opening) void this.#open();
    this.#tellIfEmpty();
  }

  #refuse(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  #tellIfEmpty(): void {
    if (this.#connections.size + this.#opening === 0) this.#whenEmpty?.();
  }
}
