import type { Sql } from './database.ts';
import type { AccountId } from './ids.ts';
import { type DeliveryRow, type DueDelivery, deliveryColumns, dueDelivery } from './waiting-deliveries.ts';

/** A copy that has waited for too long, of a message that an account of this server sent. */
export interface ExpiredDelivery extends DueDelivery {
  /** Whom it is for. */
  readonly accountName: string;
  /** Who sent it; null if that account is no more. */
  readonly sender: { readonly account: AccountId; readonly name: string } | null;
  readonly failure: string;
  readonly queuedAt: Date;
  /** How its content begins: the header section, or as much of it as is told of. */
  readonly beginning: Buffer;
}

/** What became of those that had waited for too long. */
export interface ExpiredDone {
  /** Their senders know. */
  readonly told: number;
  /** There was nobody to tell, or nobody who wanted to be told. */
  readonly untold: number;
  /** Still wait, because who sent them could not be told now. */
  readonly failed: number;
}

const BEGINNING_OCTETS = 64 * 1024;

/**
 * Copies that wait since before then, of messages that an account of this server sent, who can be told. Those that the account keeps
 * of what it sent itself are not among them. A name that was given to another account since is nobody's.
 */
export async function findExpired(
  sql: Sql,
  before: Date,
  now: Date,
  limit: number,
): Promise<readonly ExpiredDelivery[]> {
  const rows = await sql.read<
    (DeliveryRow & {
      accountName: string;
      senderId: AccountId | null;
      senderName: string;
      failure: string;
      queuedAt: Date;
      beginning: Buffer | null;
    })[]
  >`
    select ${deliveryColumns(sql)}, a.name as "accountName", s.account_id as "senderId", w.details ->> 'sender' as "senderName",
           w.last_failure as failure, w.queued_at as "queuedAt",
           (select substring(c.octets from 1 for ${BEGINNING_OCTETS}) from waiting_contents as c
             where c.account_id = w.account_id and c.delivery_id = w.delivery_id and c.chunk = 0) as beginning
      from waiting_deliveries as w join accounts as a on a.account_id = w.account_id
      left join accounts as s on s.name = w.details ->> 'sender' and s.created_at <= w.queued_at
     where w.queued_at < ${before} and w.next_attempt_at <= ${now}
       and w.details ->> 'sender' is not null and w.details ->> 'sender' <> a.name
     order by w.queued_at limit ${limit}`;
  return rows.map((row) => {
    const { accountName, senderId, senderName, failure, queuedAt, beginning } = row;
    const sender = senderId === null ? null : { account: senderId, name: senderName };
    return { ...dueDelivery(row), accountName, sender, failure, queuedAt, beginning: beginning ?? Buffer.alloc(0) };
  });
}
