import { numberArray, type Sql, type Transaction } from '@postel/storage';
import { addEvents } from './queue-rules.ts';
import { tellQueue } from './tell-queue.ts';
import { removeFinished } from './write-results.ts';

/** A recipient as people look at it. */
export interface QueueEntry {
  readonly id: number;
  /** The message, as the log names it. */
  readonly message: string;
  /** The name of its account, null if it came from elsewhere. */
  readonly account: string | null;
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly state: 'waiting' | 'held' | 'delivered' | 'failed' | 'dropped';
  /** Somebody is at it now. */
  readonly isInHand: boolean;
  readonly sizeOctets: number;
  readonly queuedAt: Date;
  /** Null if there is none. */
  readonly nextAttemptAt: Date | null;
  readonly attempts: number;
  readonly lastStatus: string | null;
  readonly lastReply: string | null;
  readonly lastMta: string | null;
  /** By which route the last attempt was made, and by which it is to go whatever rules say; names. */
  readonly lastRoute: string | null;
  readonly pinnedRoute: string | null;
}

/** What is done to recipients: all of it only to those that nobody has in hand. */
export type QueueChange = 'retry' | 'hold' | 'release' | 'drop';

/** What was tried with a recipient, or done to it. */
export interface QueueEvent {
  readonly at: Date;
  readonly type: 'deferred' | 'delivered' | 'failed' | 'held' | 'released' | 'retried' | 'dropped' | 'routed';
  readonly status: string | null;
  /** What the other side said, or why it was done. */
  readonly reply: string | null;
  readonly mta: string | null;
  /** By its name. */
  readonly route: string | null;
  /** As it was planned then. */
  readonly nextAttemptAt: Date | null;
}

/** A recipient with all that is known of it. */
export interface QueueDetails extends QueueEntry {
  readonly alias: string | null;
  readonly notify: readonly string[] | null;
  readonly originalRecipient: string | null;
  readonly envelopeId: string | null;
  readonly requiresTls: boolean;
  readonly isBulk: boolean;
  /** When it was to go if its sender had it held: RFC 4865. */
  readonly releasedAt: Date;
  readonly finishedAt: Date | null;
  /** The oldest first. */
  readonly events: readonly QueueEvent[];
}

/** The oldest first. @param withHistory also those that are finished, as long as they are kept */
export async function listQueue(sql: Sql, withHistory: boolean, limit: number): Promise<readonly QueueEntry[]> {
  return await sql.read<QueueEntry[]>`
    select r.recipient_id as id, m.name as message, a.name as account, m.reverse_path as "reversePath",
           r.forward_path as "forwardPath", r.state, r.lease is not null as "isInHand", m.size_octets as "sizeOctets",
           m.queued_at as "queuedAt", case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.attempts, r.last_status as "lastStatus", r.last_reply as "lastReply", r.last_mta as "lastMta",
           r.last_route as "lastRoute", r.pinned_route as "pinnedRoute"
      from queue_recipients as r join queue_messages as m using (message_id)
      left join accounts as a on a.account_id = m.account_id
     where ${withHistory} or r.finished_at is null order by r.recipient_id limit ${limit}`;
}

/** @returns null if there is no such recipient, or not any more */
export async function showQueue(sql: Sql, id: number): Promise<QueueDetails | null> {
  const [row] = await sql.read<(Omit<QueueDetails, 'notify' | 'events'> & { readonly notify: string | null })[]>`
    select r.recipient_id as id, m.name as message, a.name as account, m.reverse_path as "reversePath",
           r.forward_path as "forwardPath", r.state, r.lease is not null as "isInHand", m.size_octets as "sizeOctets",
           m.queued_at as "queuedAt", case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.attempts, r.last_status as "lastStatus", r.last_reply as "lastReply", r.last_mta as "lastMta",
           r.last_route as "lastRoute", r.pinned_route as "pinnedRoute", r.alias,
           array_to_string(r.notify, ',') as notify, r.original_recipient as "originalRecipient", m.envelope_id as "envelopeId",
           m.requires_tls as "requiresTls", r.is_bulk as "isBulk", m.released_at as "releasedAt", r.finished_at as "finishedAt"
      from queue_recipients as r join queue_messages as m using (message_id)
      left join accounts as a on a.account_id = m.account_id
     where r.recipient_id = ${id}::bigint`;
  if (row === undefined) return null;
  const events = await sql.read<QueueEvent[]>`
    select happened_at as at, type, status, reply, mta, route, next_attempt_at as "nextAttemptAt"
      from queue_events where recipient_id = ${id}::bigint order by event_id`;
  return { ...row, notify: row.notify?.split(',') ?? null, events: [...events] };
}

/**
 * Ends recipients as if the other side had refused them for good: whoever takes them next does that, and tells their senders.
 *
 * @returns the ids of those that it was done to
 */
export async function failQueue(sql: Sql, ids: readonly number[], reason: string): Promise<readonly number[]> {
  const failed = await sql<{ id: number }[]>`
    update queue_recipients set state = 'waiting', held_by = null, next_attempt_at = now(), last_status = '5.0.0', last_reply = ${reason}
     where recipient_id = any(${numberArray(ids)}::bigint[]) and lease is null and finished_at is null
    returning recipient_id as id`;
  await tellQueue(sql);
  return failed.map(({ id }) => id);
}

/** @returns the ids of those that it was done to: others are finished, in hand, or not there */
export async function changeQueue(sql: Sql, change: QueueChange, ids: readonly number[]): Promise<readonly number[]> {
  const list = numberArray(ids);
  const changed = await sql.begin(async (tx) => {
    const done = await changeRows(tx, change, list);
    await addEvents(tx, EVENTS[change], done, null);
    return done;
  });
  if (change === 'retry' || change === 'release') await tellQueue(sql);
  return changed.map(({ id }) => id);
}

/**
 * Has recipients go by a route whatever rules say, from the next attempt on; null: by what rules say. What waits for another attempt is
 * tried at once: whoever chooses another way wants to see whether it does.
 *
 * @returns the ids of those that it was done to
 */
export async function routeQueue(sql: Sql, ids: readonly number[], route: string | null): Promise<readonly number[]> {
  const routed = await sql.begin(async (tx) => {
    const done = await tx<{ id: number }[]>`
      update queue_recipients as r
         set pinned_route = ${route}::text,
             next_attempt_at = case when r.state = 'waiting' then greatest(now(), m.released_at) else r.next_attempt_at end
        from queue_messages as m
       where m.message_id = r.message_id and r.recipient_id = any(${numberArray(ids)}::bigint[])
         and r.lease is null and r.finished_at is null
      returning r.recipient_id as id`;
    await addEvents(tx, 'routed', done, route);
    return done;
  });
  await tellQueue(sql);
  return routed.map(({ id }) => id);
}

/** Recipients that wait, held or not. */
export async function countQueue(sql: Sql): Promise<number> {
  const [row] = await sql.read<{ count: number }[]>`
    select count(*)::integer as count from queue_recipients where state in ('waiting', 'held')`;
  return row?.count ?? 0;
}

const EVENTS = { retry: 'retried', hold: 'held', release: 'released', drop: 'dropped' } as const satisfies Record<
  QueueChange,
  QueueEvent['type']
>;

async function changeRows(tx: Transaction, change: QueueChange, list: string): Promise<readonly { id: number }[]> {
  switch (change) {
    case 'retry':
      return await tx<{ id: number }[]>`
          update queue_recipients set next_attempt_at = now()
           where recipient_id = any(${list}::bigint[]) and state = 'waiting' and lease is null returning recipient_id as id`;
    case 'hold':
      return await tx<{ id: number }[]>`
          update queue_recipients set state = 'held'
           where recipient_id = any(${list}::bigint[]) and state = 'waiting' and lease is null returning recipient_id as id`;
    case 'release':
      return await tx<{ id: number }[]>`
          update queue_recipients as r set state = 'waiting', held_by = null, tried_since_ms = null,
                 next_attempt_at = case when m.release_request is null then now() else greatest(now(), m.released_at) end
            from queue_messages as m
           where m.message_id = r.message_id and recipient_id = any(${list}::bigint[]) and state = 'held' returning recipient_id as id`;
    case 'drop': {
      // Who finishes the last recipient of a message removes its octets: one after the other, as in Queue.settle.
      const messages = await tx<{ message: string }[]>`
          select message_id as message from queue_messages
           where message_id in (select message_id from queue_recipients where recipient_id = any(${list}::bigint[]))
           order by message_id for no key update`;
      const dropped = await tx<{ id: number }[]>`
          update queue_recipients set state = 'dropped', finished_at = now()
           where recipient_id = any(${list}::bigint[]) and lease is null and finished_at is null returning recipient_id as id`;
      await removeFinished(
        tx,
        messages.map(({ message }) => message),
      );
      return dropped;
    }
    default:
      return change satisfies never;
  }
}
