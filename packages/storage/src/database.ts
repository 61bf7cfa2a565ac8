import { listenOn } from './connection.ts';
import { ConnectionPool, type PoolOptions } from './connection-pool.ts';
import { DatabaseServers, type DatabaseTarget } from './database-servers.ts';
import { vetConnection } from './rewound.ts';
import { SeenModSeqs } from './seen-modseqs.ts';
import { type Sql, sqlOn } from './statement.ts';

export type { PoolOptions as DatabaseOptions } from './connection-pool.ts';
export type { DatabaseTarget } from './database-servers.ts';
export type { Sql, Transaction } from './statement.ts';

interface Listener {
  heard(payload: string): void;
  /** What was told until now may have been missed: called when listening begins, and when it begins anew. */
  listening(): void;
}

/** A pool of connections. They are made when first needed, so a database that is down shows at the first statement. */
export interface Database {
  readonly sql: Sql;
  /** What was seen of it: what every new connection is compared with. */
  readonly seen: SeenModSeqs;
  /** Whether it answered when it was last asked. One that is away is asked again and again until it is back. */
  isUp(): boolean;
  /**
   * Listens to a channel on a connection of its own, made anew whenever it breaks, until the function returned is called.
   *
   * @throws {StorageError} 'unavailable'
   */
  listen(channel: string, listener: Listener): Promise<() => Promise<void>>;
  /** Waits for what is running, 5 s at most. */
  close(): Promise<void>;
}

export function openDatabase(target: DatabaseTarget, options: PoolOptions): Database {
  const seen = new SeenModSeqs();
  const servers = new DatabaseServers(target);
  const pool = new ConnectionPool(servers, options, (connection) => vetConnection(connection, seen));
  return {
    sql: sqlOn(pool),
    seen,
    isUp: () => pool.isUp,
    listen: (channel, listener) => listenOn(servers, options, channel, listener),
    close: () => pool.close(),
  };
}

/** Asks the smallest question. @throws {StorageError} 'unavailable' */
export async function pingDatabase({ sql }: Database): Promise<void> {
  await sql.read`select 1`;
}
