import type { Sql } from '@postel/storage';
import type { QueueEntry } from './queue-admin.ts';

/** A part of the queue. */
interface QueuePage {
  /** The number of the recipient before it; null: from the beginning. */
  readonly after: number | null;
  readonly limit: number;
  /** In either path, or the account's name, in any case; null: all. */
  readonly search: string | null;
}

/** What is not finished, the oldest first, part by part. */
export async function pageQueue(sql: Sql, { after, limit, search }: QueuePage): Promise<readonly QueueEntry[]> {
  const text = search?.toLowerCase() ?? null;
  return await sql.read<QueueEntry[]>`
    select r.recipient_id as id, m.name as message, a.name as account, m.reverse_path as "reversePath",
           r.forward_path as "forwardPath", r.state, r.lease is not null as "isInHand", m.size_octets as "sizeOctets",
           m.queued_at as "queuedAt", case when r.state = 'waiting' and r.lease is null then r.next_attempt_at end as "nextAttemptAt",
           r.attempts, r.last_status as "lastStatus", r.last_reply as "lastReply", r.last_mta as "lastMta"
      from queue_recipients as r join queue_messages as m using (message_id)
      left join accounts as a on a.account_id = m.account_id
     where r.finished_at is null and r.recipient_id > ${after ?? 0}::bigint
       and (${text}::text is null or strpos(lower(r.forward_path), ${text}::text) > 0
            or strpos(lower(m.reverse_path), ${text}::text) > 0 or strpos(coalesce(a.name, ''), ${text}::text) > 0)
     order by r.recipient_id limit ${limit}`;
}
