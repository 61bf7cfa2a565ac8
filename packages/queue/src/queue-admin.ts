import { numberArray, type Sql } from '@postel/storage';
import { removeFinished, tellQueue } from './queue.ts';

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
}

/** What is done to recipients: all of it only to those that nobody has in hand. */
export type QueueChange = 'retry' | 'hold' | 'release' | 'drop';

/** The oldest first. @param withHistory also those that are finished, as long as they are kept */
export async function listQueue(sql: Sql, withHistory: boolean, limit: number): Promise<readonly QueueEntry[]> {
  return await sql.read<QueueEntry[]>`
    select r.recipient_id as id, m.name as message, a.name as account, m.reverse_path as "reversePath",
           r.forward_path as "forwardPath", r.state, r.lease is not null as "isInHand", m.size_octets as "sizeOctets",
           m.queued_at as "queuedAt", case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.attempts, r.last_status as "lastStatus", r.last_reply as "lastReply", r.last_mta as "lastMta"
      from queue_recipients as r join queue_messages as m using (message_id)
      left join accounts as a on a.account_id = m.account_id
     where ${withHistory} or r.finished_at is null order by r.recipient_id limit ${limit}`;
}

/** @returns the ids of those that it was done to: others are finished, in hand, or not there */
export async function changeQueue(sql: Sql, change: QueueChange, ids: readonly number[]): Promise<readonly number[]> {
  const list = numberArray(ids);
  const changed = await sql.begin(async (tx) => {
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
          update queue_recipients set state = 'waiting', next_attempt_at = now()
           where recipient_id = any(${list}::bigint[]) and state = 'held' returning recipient_id as id`;
      case 'drop': {
        // Who finishes the last recipient of a message removes its octets: one after the other, as in Queue.settle.
        const messages = await tx<{ message: string }[]>`
          select message_id as message from queue_messages
           where message_id in (select message_id from queue_recipients where recipient_id = any(${list}::bigint[]))
           order by message_id for no key update`;
        const dropped = await tx<{ id: number }[]>`
          update queue_recipients set state = 'dropped', finished_at = now()
           where recipient_id = any(${list}::bigint[]) and lease is null and finished_at is null returning recipient_id as id`;
        for (const { message } of messages) await removeFinished(tx, message);
        return dropped;
      }
      default:
        return change satisfies never;
    }
  });
  if (change === 'retry' || change === 'release') await tellQueue(sql);
  return changed.map(({ id }) => id);
}

/** Recipients that wait, held or not. */
export async function countQueue(sql: Sql): Promise<number> {
  const [row] = await sql.read<{ count: number }[]>`
    select count(*)::integer as count from queue_recipients where state in ('waiting', 'held')`;
  return row?.count ?? 0;
}
