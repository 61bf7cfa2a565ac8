import type { Sql, Transaction } from '@postel/storage';
import { CLOCK_GAP_MS, CLOCK_JUMP_MS } from './limits.ts';

/** What was seen of the database's clock since the last look. */
export interface ClockLook {
  /** How far it went; below 0: back. */
  readonly wentMs: number;
  /** How much of that counts. */
  readonly countedMs: number;
}

/**
 * The time that counts of the lifetime of mail, in milliseconds, as a part of a statement. It goes on while somebody looks at it: what the
 * clock jumps, and when nobody sends mail, is no time in which it could have been sent.
 */
export const countedMs = (sql: Sql | Transaction) => sql`
  coalesce((select counted_ms + least(greatest((extract(epoch from now() - seen_at) * 1000)::bigint, 0), ${CLOCK_GAP_MS}::bigint)
              from queue_clock), 0)`;

/**
 * Has the counted time go on. To be called often. Where the clock went back, what waits would wait for as much longer: it comes
 * forward by that, but for messages that were held for a time of day.
 */
export async function lookAtClock(sql: Sql): Promise<ClockLook> {
  return await sql.begin(async (tx) => {
    await tx`insert into queue_clock (counted_ms, seen_at) values (0, now()) on conflict do nothing`;
    const [{ wentMs } = { wentMs: 0 }] = await tx<{ wentMs: number }[]>`
      select (extract(epoch from now() - seen_at) * 1000)::float8 as "wentMs" from queue_clock for update`;
    const counted = Math.round(Math.min(Math.max(wentMs, 0), CLOCK_GAP_MS));
    await tx`update queue_clock set counted_ms = counted_ms + ${counted}::bigint, seen_at = now()`;
    if (wentMs < -CLOCK_JUMP_MS) {
      await tx`
        update queue_recipients as r set next_attempt_at = next_attempt_at + make_interval(secs => ${wentMs / 1_000})
          from queue_messages as m
         where r.message_id = m.message_id and r.state = 'waiting' and r.next_attempt_at > now()
           and not (r.attempts = 0 and m.release_request is not null)`;
    }
    return { wentMs, countedMs: counted };
  });
}
