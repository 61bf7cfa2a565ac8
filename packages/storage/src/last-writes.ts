import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sql, Transaction } from './database.ts';
import { type ConnectionLost, StorageError, translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';

/** How long we look for what became of a write, from when its answer was lost. A client waits meanwhile. */
const LOOK_UP_MS = 8_000;
/** Between two looks: the first pause, doubled each time up to the last. */
const LOOK_AGAIN_MS = { least: 50, most: 1_000 } as const;
/** How long the server takes, at most, to end a session that is told to. */
const END_SESSION_MS = 1_000;
const KEPT = '1 day';

/** A write of this process, as the database knows it. */
export interface WriteName {
  readonly account: AccountId;
  readonly writer: string;
  /** Rises with every write of the writer. */
  readonly number: number;
}

/**
 * Names the writes of one writer, which has at most one under way in each account, and finds out what became of one whose
 * answer was lost.
 *
 * A write leaves its name in the database, in its own transaction (`last_writes`). It is not asked for by its transaction id
 * (`pg_xact_status`): to know that before the commit took another message of the server, which cost an append 10 % more CPU and
 * a flag change 20 %; and a server that crashes gives ids out again whose transactions never reached its log.
 */
export class LastWrites {
  readonly #sql: Sql;
  readonly #writer = randomUUID();
  #last = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  next(account: AccountId): WriteName {
    return { account, writer: this.#writer, number: ++this.#last };
  }

  /** Forgets writers that have not written for a day. @throws {StorageError} 'unavailable' */
  async forgetOld(): Promise<void> {
    try {
      await this.#sql`delete from last_writes where written_at < now() - ${KEPT}::interval`;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /**
   * Looks for a write whose answer was lost. Its session is ended first: what it has not done then, it never will do, though
   * the statement lies in a buffer on the way.
   *
   * @param read what is wanted of the write if it was committed, by the id of its transaction
   * @param onDelay told, once at most, that this takes longer, because the database is away
   * @returns null if nothing was changed
   * @throws {StorageError} 'outcome-unknown': the database did not say in time
   */
  async lookUp<Result>(
    name: WriteName,
    lost: ConnectionLost,
    read: (tx: Transaction, xid: string) => Promise<Result>,
    onDelay: () => void,
  ): Promise<Result | null> {
    const isOver = AbortSignal.timeout(LOOK_UP_MS);
    const over = new Promise<never>((_, reject) => isOver.addEventListener('abort', () => reject(isOver.reason)));
    try {
      for (let waitMs: number = LOOK_AGAIN_MS.least; ; waitMs = Math.min(waitMs * 2, LOOK_AGAIN_MS.most)) {
        const look = this.#lookUpOnce(name, lost, read).catch((error) => {
          if (!isAway(error)) throw error;
          return 'away' as const;
        });
        const found = await Promise.race([look, over]);
        if (found !== 'away') return found;
        if (waitMs === LOOK_AGAIN_MS.least) onDelay();
        await Promise.race([delay(waitMs, undefined, { ref: false }), over]);
      }
    } catch (error) {
      // Of a mistake of ours too: it is no answer to the client.
      const cause = isOver.aborted ? lost : error;
      throw new StorageError('outcome-unknown', 'The connection to the database broke while it wrote', { cause });
    }
  }

  async #lookUpOnce<Result>(
    { account, writer, number }: WriteName,
    { session }: ConnectionLost,
    read: (tx: Transaction, xid: string) => Promise<Result>,
  ): Promise<Result | null> {
    if (session !== null) await this.#end(session);
    return this.#sql.begin(async (tx) => {
      // Only where one can write is the truth: a standby may lag. And our commit waits for whatever its commit would have waited for.
      await tx`
        insert into last_writes (account_id, writer_id, write_number) values (${account}, ${writer}, 0)
            on conflict do nothing`;
      const [write] = await tx<{ write_number: number; xid: string }[]>`
        select write_number, xmin::text as xid from last_writes
         where account_id = ${account} and writer_id = ${writer} for update`;
      return write?.write_number === number ? await read(tx, write.xid) : null;
    });
  }

  /** @throws {StorageError} 'unavailable': the session is there still */
  async #end({ pid, startedAt }: NonNullable<ConnectionLost['session']>): Promise<void> {
    // By way of text: postgres.js would make it a Date, which has no microseconds.
    const isOurs = this.#sql`pid = ${pid}::integer and backend_start = ${startedAt}::text::timestamptz`;
    await this.#sql.read`
      select pg_terminate_backend(pid, ${END_SESSION_MS}::bigint) from pg_stat_activity where ${isOurs}`;
    const { length } = await this.#sql.read`select from pg_stat_activity where ${isOurs}`;
    if (length > 0) throw new StorageError('unavailable', 'The database is at the lost statement still');
  }
}

function isAway(error: unknown): boolean {
  return translateDatabaseError(error) instanceof StorageError;
}

/** The name as the first statement of a transaction. Nothing in it comes from outside. */
export function leavingName({ account, writer, number }: WriteName): string {
  return `select name_write(${account}, '${writer}', ${number})`;
}
