import type { AccountId, Sql } from '@postel/storage';
import { changeQueue, type QueueEvent } from './queue-admin.ts';

/**
 * A recipient of a message as its sender may see it: of those behind an alias they know the alias alone, and nothing of what
 * other servers said, which may name them.
 */
export interface SentEntry {
  readonly id: number;
  /** What the reply, the log and Received call the message. */
  readonly message: string;
  /** As the sender named them. */
  readonly forwardPath: string;
  readonly state: 'waiting' | 'held' | 'delivered' | 'failed' | 'dropped';
  /** Somebody is at it now. */
  readonly isInHand: boolean;
  readonly sizeOctets: number;
  readonly queuedAt: Date;
  /** Null if there is none. */
  readonly nextAttemptAt: Date | null;
  readonly finishedAt: Date | null;
  readonly attempts: number;
  readonly lastReply: string | null;
  readonly lastMta: string | null;
}

/** With what was tried, the oldest first. */
export interface SentDetails extends SentEntry {
  readonly events: readonly QueueEvent[];
}

/** What of it is listed. */
export interface SentWanted {
  /** Also what is finished, as long as that is kept. */
  readonly withHistory: boolean;
  /** Of this message alone; null: of all. */
  readonly message: string | null;
}

/** What an account has sent to other servers, the newest first. */
export async function listSent(
  sql: Sql,
  account: AccountId,
  { withHistory, message }: SentWanted,
  limit: number,
): Promise<readonly SentEntry[]> {
  return await sql.read<SentEntry[]>`
    select r.recipient_id as id, m.name as message, coalesce(r.alias, r.forward_path) as "forwardPath", r.state,
           r.lease is not null as "isInHand", m.size_octets as "sizeOctets", m.queued_at as "queuedAt",
           case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.finished_at as "finishedAt", r.attempts,
           case when r.alias is null then r.last_reply end as "lastReply",
           case when r.alias is null then r.last_mta end as "lastMta"
      from queue_recipients as r join queue_messages as m using (message_id)
     where r.account_id = ${account}::bigint and m.account_id = ${account}::bigint
       and (${withHistory} or r.finished_at is null) and (${message}::text is null or m.name = ${message}::text)
     order by r.recipient_id desc limit ${limit}`;
}

/** @returns null if there is no such recipient, or not of this account: nobody is told which */
export async function showSent(sql: Sql, account: AccountId, id: number): Promise<SentDetails | null> {
  const [row] = await sql.read<SentEntry[]>`
    select r.recipient_id as id, m.name as message, coalesce(r.alias, r.forward_path) as "forwardPath", r.state,
           r.lease is not null as "isInHand", m.size_octets as "sizeOctets", m.queued_at as "queuedAt",
           case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.finished_at as "finishedAt", r.attempts,
           case when r.alias is null then r.last_reply end as "lastReply",
           case when r.alias is null then r.last_mta end as "lastMta"
      from queue_recipients as r join queue_messages as m using (message_id)
     where r.recipient_id = ${id}::bigint and r.account_id = ${account}::bigint and m.account_id = ${account}::bigint`;
  if (row === undefined) return null;
  const events = await sql.read<QueueEvent[]>`
    select e.happened_at as at, e.type, e.status, case when r.alias is null then e.reply end as reply,
           case when r.alias is null then e.mta end as mta, e.next_attempt_at as "nextAttemptAt"
      from queue_events as e join queue_recipients as r using (recipient_id)
     where recipient_id = ${id}::bigint order by e.event_id`;
  return { ...row, events: [...events] };
}

/**
 * Ends the sending to one recipient, and tells nobody: who asks is the sender.
 *
 * @returns `absent`: there is none, or not of this account; `too-late`: it is in hand, or finished
 */
export async function cancelSent(
  sql: Sql,
  account: AccountId,
  id: number,
): Promise<'cancelled' | 'absent' | 'too-late'> {
  // Whose a message is never changes.
  if ((await showSent(sql, account, id)) === null) return 'absent';
  return (await changeQueue(sql, 'drop', [id])).length > 0 ? 'cancelled' : 'too-late';
}
