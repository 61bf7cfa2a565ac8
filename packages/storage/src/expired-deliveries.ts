import type { Sql } from './database.ts';
import type { AccountId } from './ids.ts';
import { type DeliveryRow, type DueDelivery, deliveryColumns, dueDelivery } from './waiting-deliveries.ts';

/** A copy that has waited for too long, of a message whose sender is known. */
export interface ExpiredDelivery extends DueDelivery {
  /** Whom it is for. */
  readonly accountName: string;
  /** The account that sent it; null if that is no more, or never was. */
  readonly sender: { readonly account: AccountId; readonly name: string } | null;
  /** No account sent it, and whoever is elsewhere may be told. */
  readonly tellsElsewhere: boolean;
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
 * Copies that wait since before then, of messages that an account of this server sent, or somebody elsewhere who may be told. Those that
 * the account keeps of what it sent itself are not among them. A name that was given to another account since is nobody's.
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
      tellsElsewhere: boolean;
      failure: string;
      queuedAt: Date;
      beginning: Buffer | null;
    })[]
  >`
    select ${deliveryColumns(sql)}, a.name as "accountName", s.account_id as "senderId", w.details ->> 'sender' as "senderName", w.tells_elsewhere as "tellsElsewhere",
           w.last_failure as failure, w.queued_at as "queuedAt",
           (select substring(c.octets from 1 for ${BEGINNING_OCTETS}) from waiting_contents as c
             where c.account_id = w.account_id and c.delivery_id = w.delivery_id and c.chunk = 0) as beginning
      from waiting_deliveries as w join accounts as a on a.account_id = w.account_id
      left join accounts as s on s.name = w.details ->> 'sender' and s.created_at <= w.queued_at
     where w.queued_at < ${before} and w.next_attempt_at <= ${now}
       and (w.tells_elsewhere or w.details ->> 'sender' <> a.name)
     order by w.queued_at limit ${limit}`;
  return rows.map((row) => {
    const { accountName, senderId, senderName, tellsElsewhere, failure, queuedAt } = row;
    const sender = senderId === null ? null : { account: senderId, name: senderName };
    const beginning = row.beginning ?? Buffer.alloc(0);
    return { ...dueDelivery(row), accountName, sender, tellsElsewhere, failure, queuedAt, beginning };
  });
}
