import type { Sql } from '@postel/storage';

/** What is to become of a recipient who waits. */
export interface Waiting {
  readonly id: number;
  readonly attempts: number;
  /** When the next attempt is due, in the traveller's time: after the first, and by the second. */
  readonly dueAfterMs: number;
  readonly dueMs: number;
}

/**
 * Time that goes by at once, for relays on a queue: everything that is written in the queue moves back. A relay's own memory goes by
 * `now`, which goes forward by as much.
 *
 * It counts as time in which mail was sent: it stands for a relay that has run all along.
 */
export class TimeTravel {
  readonly #sql: Sql;
  readonly #startMs = performance.now();
  /** How far it has gone, beside the time that goes by of itself. */
  #travelledMs = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** For RelayOptions. */
  readonly now = (): number => performance.now() + this.#travelledMs;

  /** Since it began. */
  get passedMs(): number {
    return this.now() - this.#startMs;
  }

  /** Who waits, once nothing is in hand or due. */
  async idle(): Promise<readonly Waiting[]> {
    for (;;) {
      const [row] = await this.#sql<{ busy: number }[]>`
        select count(*)::integer as busy from queue_recipients
         where state = 'waiting' and (lease is not null or next_attempt_at <= now())`;
      if (row?.busy !== 0) continue;
      const beforeMs = this.passedMs;
      const rows = await this.#sql<{ id: number; attempts: number; pauseMs: number }[]>`
        select recipient_id as id, attempts, (extract(epoch from next_attempt_at - now()) * 1000)::float8 as "pauseMs"
          from queue_recipients where state = 'waiting' order by recipient_id`;
      const { passedMs } = this;
      return rows.map(({ id, attempts, pauseMs }) => {
        return { id, attempts, dueAfterMs: beforeMs + pauseMs, dueMs: passedMs + pauseMs };
      });
    }
  }

  /** Goes on by so much, and has relays look what is due now. */
  async go(ms: number): Promise<void> {
    while (!(await this.#tryToGo(Math.round(ms))));
  }

  /** @returns false if a relay has something in hand, whose lease would end */
  async #tryToGo(ms: number): Promise<boolean> {
    return await this.#sql.begin(async (tx) => {
      const rows = await tx<{ isLent: boolean }[]>`
        select lease is not null as "isLent" from queue_recipients order by recipient_id for update`;
      if (rows.some(({ isLent }) => isLent)) return false;
      const back = tx`make_interval(secs => ${ms / 1_000})`;
      await tx`
        update queue_recipients
           set next_attempt_at = next_attempt_at - ${back}, last_attempt_at = last_attempt_at - ${back},
               delay_told_at = delay_told_at - ${back}, finished_at = finished_at - ${back}`;
      await tx`update queue_messages set queued_at = queued_at - ${back}, released_at = released_at - ${back}`;
      await tx`update queue_contents set stored_at = stored_at - ${back}`;
      await tx`
        update queue_events set happened_at = happened_at - ${back}, next_attempt_at = next_attempt_at - ${back}`;
      // As if somebody had looked at it every minute.
      await tx`update queue_clock set counted_ms = counted_ms + ${ms}::bigint`;
      await tx`select pg_notify('postel_queue', '')`;
      this.#travelledMs += ms;
      return true;
    });
  }
}
