import type { Database, Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';

/** A connection that nobody asks anything is closed after a minute, and its locks go with it. */
const KEEP_MS = 20_000;
/** First half of the keys of these locks: of two numbers, so that they are not those of others. */
const LOCKS = 80_69_83;

/**
 * Turns at jobs that any host may do and one at a time should: as long as a process has a job's lock no other does it. Two that
 * do it at once all the same, because a connection broke, do only needless work.
 */
export class JobTurns {
  readonly #sql: Sql;
  readonly #keepMs: number;

  /** @param database of one connection, which nothing else uses: the locks are its session's */
  constructor(database: Database, keepMs = KEEP_MS) {
    this.#sql = database.sql;
    this.#keepMs = keepMs;
  }

  /**
   * Does the job if it is due and nobody is at it.
   *
   * @param work is told to stop when the lock was lost
   * @returns in how many ms it is due; null if another process is at it
   * @throws {StorageError} 'unavailable'; and what `work` throws
   */
  async run(job: string, everyMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<number | null> {
    if (!(await this.#take(job))) return null;
    const lost = new AbortController();
    const keeping = setInterval(() => {
      this.#take(job)
        .then((isOurs) => {
          if (!isOurs) lost.abort(new Error('another process does the job'));
        })
        .catch(() => {}); // the database is away: it is asked again, and so is the job's own work
    }, this.#keepMs);
    try {
      const dueMs = await this.#dueIn(job, everyMs);
      if (dueMs > 0) return dueMs;
      await work(lost.signal);
      await this.#note(job);
      return everyMs;
    } finally {
      clearInterval(keeping);
      await this.#release(job);
    }
  }

  /** Also if it is ours: then it is kept, or taken again on a new connection. */
  async #take(job: string): Promise<boolean> {
    const [row] = await this.#ask(
      this.#sql<{ isOurs: boolean }[]>`
        select case when exists (
          select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
             and classid = ${LOCKS}::integer::oid and objid = hashtext(${job})::oid and objsubid = 2)
        then true else pg_try_advisory_lock(${LOCKS}::integer, hashtext(${job})) end as "isOurs"`,
    );
    return row?.isOurs === true;
  }

  async #release(job: string): Promise<void> {
    // A connection that is gone has released it.
    await this.#sql`select pg_advisory_unlock(${LOCKS}::integer, hashtext(${job}))`.catch(() => {});
  }

  async #dueIn(job: string, everyMs: number): Promise<number> {
    const [row] = await this.#ask(
      this.#sql<{ ageMs: number }[]>`
        select (extract(epoch from clock_timestamp() - done_at) * 1000)::bigint as "ageMs" from housekeeping_jobs where job = ${job}`,
    );
    return row === undefined ? 0 : Math.max(everyMs - row.ageMs, 0);
  }

  async #note(job: string): Promise<void> {
    await this.#ask(
      this.#sql`insert into housekeeping_jobs (job, done_at) values (${job}, clock_timestamp())
                on conflict (job) do update set done_at = excluded.done_at`,
    );
  }

  async #ask<Rows>(statement: PromiseLike<Rows>): Promise<Rows> {
    try {
      return await statement;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }
}
