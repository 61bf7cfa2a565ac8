import type { Sql } from '@postel/storage';
import type { QueueEntry, QueueEvent } from './queue-admin.ts';

/** A recipient of a message, with what was tried. */
export interface QueuedRecipient
  extends Pick<QueueEntry, 'id' | 'forwardPath' | 'state' | 'isInHand' | 'queuedAt' | 'nextAttemptAt' | 'attempts'> {
  /** It is of the DSN that was sent about the message. */
  readonly isReport: boolean;
  /** The oldest first. */
  readonly events: readonly QueueEvent[];
}

/** How the queue calls a DSN about a message: see Queue.report. */
const REPORT = '-report';
/** Attempts of one recipient that are told, the newest. */
const EVENTS = 50;

/**
 * What the queue knows of a message, and of the DSNs about it, as long as it keeps that.
 *
 * @param name as the reply, the log and Received name it
 */
export async function findQueuedMessage(sql: Sql, name: string, limit: number): Promise<readonly QueuedRecipient[]> {
  const rows = await sql.read<(Omit<QueuedRecipient, 'isReport' | 'events'> & { readonly name: string })[]>`
    select r.recipient_id as id, m.name, r.forward_path as "forwardPath", r.state, r.lease is not null as "isInHand",
           m.queued_at as "queuedAt", case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.attempts
      from queue_messages as m join queue_recipients as r using (message_id)
     where m.name = any(array[${name}::text, ${name + REPORT}::text]) order by r.recipient_id limit ${limit}::integer`;
  if (rows.length === 0) return [];
  const ids = `{${rows.map(({ id }) => id).join(',')}}`;
  const events = await sql.read<(QueueEvent & { readonly recipient: number })[]>`
    select recent.* from unnest(${ids}::bigint[]) as wanted (id)
     cross join lateral (
       select recipient_id as recipient, happened_at as at, type, status, reply, mta, next_attempt_at as "nextAttemptAt", event_id
         from queue_events where recipient_id = wanted.id order by event_id desc limit ${EVENTS}::integer) as recent
     order by event_id`;
  const eventsOf = Map.groupBy(events, ({ recipient }) => recipient);
  return rows.map(({ name: found, ...row }) => ({
    ...row,
    isReport: found !== name,
    events: eventsOf.get(row.id) ?? [],
  }));
}
