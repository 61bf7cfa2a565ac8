import { type Transaction, textArray } from '@postel/storage';
import { REPLY_CHARACTERS } from './limits.ts';
import type { Settled } from './queue-rows.ts';

/** @returns the numbers of those that were written: not of whom the lease was lost, or who were written before */
export async function writeResults(tx: Transaction, results: readonly Settled[]): Promise<ReadonlySet<number>> {
  const isOver = ({ outcome }: Settled) => outcome.type !== 'deferred';
  const pauseMs = ({ outcome }: Settled) => (outcome.type === 'deferred' ? outcome.pauseMs : 0);
  const tellsDelay = ({ outcome }: Settled) => outcome.type === 'deferred' && outcome.tellsDelay;
  const list = (of: (result: Settled) => string | number | boolean) => `{${results.map(of).join(',')}}`;
  // In the order of their numbers, as whoever else takes several: none waits for another that waits for it.
  const written = await tx<{ id: number }[]>`
    with result as materialized (
      select r.recipient_id, named.*
        from unnest(${list(({ recipient }) => recipient.id)}::bigint[], ${list(({ recipient }) => recipient.lease)}::uuid[],
                    ${list(({ outcome }) => outcome.type)}::text[], ${list(isOver)}::boolean[], ${list(pauseMs)}::float8[],
                    ${list(tellsDelay)}::boolean[], ${textArray(results.map(({ status }) => status))}::text[],
                    ${textArray(results.map(({ reply }) => reply.slice(0, REPLY_CHARACTERS)))}::text[],
                    ${textArray(results.map(({ mta }) => mta))}::text[], ${textArray(results.map(({ route }) => route))}::text[])
          as named (id, lease, type, is_over, pause_ms, tells_delay, status, reply, mta, route)
        join queue_recipients as r on r.recipient_id = named.id and r.lease = named.lease
       order by r.recipient_id for no key update of r),
    written as (
      update queue_recipients as r
         set state = case when result.is_over then result.type else 'waiting' end, lease = null, attempts = attempts + 1,
             last_attempt_at = now(), next_attempt_at = now() + make_interval(secs => result.pause_ms / 1000),
             last_status = result.status, last_reply = result.reply, last_mta = result.mta, last_route = result.route,
             delay_told_at = case when result.tells_delay then now() else delay_told_at end,
             finished_at = case when result.is_over then now() end
        from result where r.recipient_id = result.recipient_id and r.lease = result.lease
      returning r.recipient_id, r.next_attempt_at)
    insert into queue_events (recipient_id, type, status, reply, mta, route, next_attempt_at)
    select recipient_id, type, status, reply, mta, route, case when not is_over then next_attempt_at end
      from written join result using (recipient_id)
    returning recipient_id as id`;
  return new Set(written.map(({ id }) => id));
}

/** Nobody needs the octets of messages any more that are done with. */
export async function removeFinished(tx: Transaction, messages: readonly string[]): Promise<void> {
  await tx`
    delete from queue_contents as c
     where message_id = any(${textArray(messages)}::uuid[])
       and not exists (select from queue_recipients as r where r.message_id = c.message_id and finished_at is null)`;
}
