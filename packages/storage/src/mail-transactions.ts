import type { Sql, Transaction } from './database.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId } from './ids.ts';

/** How far a mail transaction came: to a connection, to the MAIL or RCPT that was refused, or to the message. */
export type TransactionStage = 'connection' | 'MAIL' | 'RCPT' | 'message';

/**
 * What became of a recipient. `junk`: delivered, with the junk. `left-out`: a member of an alias who does not get it. `suspect`: refused for
 * now, and perhaps a copy is in Rejects. `deferred`: refused for now. `broken-off`: the client did not go on.
 */
export type TransactionOutcome =
  | 'delivered'
  | 'junk'
  | 'waiting'
  | 'held'
  | 'queued'
  | 'left-out'
  | 'suspect'
  | 'refused'
  | 'deferred'
  | 'broken-off'
  | 'given-up';

/** What is known of a recipient of a mail transaction, and of what ended before it named one. Texts are bounded and printable. */
export interface TransactionFacts {
  /** A UUIDv7 of when the transaction began. */
  readonly transactionId: string;
  /** From 1 on. */
  readonly recipientNo: number;
  readonly listener: string;
  readonly protocol: string | null;
  readonly connectionId: string | null;
  readonly clientName: string | null;
  readonly tlsVersion: string | null;
  readonly senderAccountId: AccountId | null;
  readonly reversePath: string | null;
  readonly recipient: string | null;
  readonly destination: string | null;
  readonly accountId: AccountId | null;
  readonly messageId: string | null;
  readonly sizeOctets: number | null;
  readonly checks: string | null;
  readonly stage: TransactionStage;
  readonly outcome: TransactionOutcome;
  readonly replyCode: number | null;
  readonly replyStatus: string | null;
  readonly replyText: string | null;
  readonly uidvalidity: number | null;
  readonly uid: number | null;
}

/** A row to be written. Times are epoch ms. */
export interface NewTransaction extends TransactionFacts {
  readonly settledAt: number;
  /** More than one of a network, which have no rows of their own; null: it is one. */
  readonly folded: number | null;
  readonly messageNo: number | null;
  /** An address; or a network, where it is several. */
  readonly clientAddress: string | null;
  readonly releaseAt: number | null;
}

export type MailKind = 'received' | 'submitted' | 'refused';

/** Messages of one hour. */
export interface HourOfMail {
  /** Its beginning. Epoch ms. */
  readonly hour: number;
  readonly kind: MailKind;
  readonly messages: number;
  /** Epoch ms. */
  readonly lastAt: number;
}

/** What a crash of the server may lose the last moment of: it is not worth a wait for the disk. */
const NOT_AT_ONCE = { opening: 'set local synchronous_commit to off' } as const;

/**
 * Writes rows, and counts messages, in one transaction. What was written before by the same ids stays as it is, but for what is folded,
 * which adds up.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function writeTransactions(
  sql: Sql,
  rows: readonly NewTransaction[],
  hours: readonly HourOfMail[],
): Promise<void> {
  // In one order everywhere, so that two processes never wait for each other.
  const sorted = rows.toSorted((a, b) => (a.transactionId < b.transactionId ? -1 : 1));
  const counted = hours.toSorted((a, b) => a.hour - b.hour || (a.kind < b.kind ? -1 : 1));
  await asStorageErrors(() =>
    sql.begin(async (tx) => {
      await insertRows(tx, sorted);
      await tx`
        insert into mail_hours as kept (hour, kind, messages, last_at)
        select to_timestamp(hour / 1000), kind, messages, to_timestamp("lastAt" / 1000)
          from jsonb_to_recordset(${JSON.stringify(counted)}::text::jsonb)
            as given (hour float8, kind text, messages bigint, "lastAt" float8)
            on conflict (hour, kind) do update
           set messages = kept.messages + excluded.messages, last_at = greatest(kept.last_at, excluded.last_at)`;
    }, NOT_AT_ONCE),
  );
}

async function insertRows(tx: Transaction, rows: readonly NewTransaction[]): Promise<void> {
  if (rows.length === 0) return;
  await tx`
    insert into mail_transactions as kept
           (transaction_id, recipient_no, settled_at, count, listener, protocol, connection_id, message_no, client_address, client_name,
            tls_version, sender_account_id, reverse_path, recipient, destination, account_id, message_id, size_octets, checks, stage,
            outcome, reply_code, reply_status, reply_text, uidvalidity, uid, release_at)
    select "transactionId", "recipientNo", to_timestamp("settledAt" / 1000), coalesce(folded, 1), listener, protocol, "connectionId",
           "messageNo", "clientAddress", "clientName", "tlsVersion", "senderAccountId", "reversePath", recipient, destination,
           "accountId", "messageId", "sizeOctets", checks, stage, outcome, "replyCode", "replyStatus", "replyText", uidvalidity, uid,
           to_timestamp("releaseAt" / 1000)
      from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
        as given ("transactionId" uuid, "recipientNo" integer, "settledAt" float8, folded integer, listener text, protocol text,
                  "connectionId" text, "messageNo" integer, "clientAddress" inet, "clientName" text, "tlsVersion" text,
                  "senderAccountId" bigint, "reversePath" text, recipient text, destination text, "accountId" bigint,
                  "messageId" text, "sizeOctets" bigint, checks text, stage text, outcome text, "replyCode" smallint,
                  "replyStatus" text, "replyText" text, uidvalidity bigint, uid bigint, "releaseAt" float8)
        on conflict (transaction_id, recipient_no) do update
       set count = kept.count + excluded.count, settled_at = greatest(kept.settled_at, excluded.settled_at)
     where kept.connection_id is null`;
}

/**
 * Says that a copy which waited or was held has come to its end, in the transaction that brings it there. Nothing is said where nothing was
 * recorded.
 *
 * @param id as the reply and Received named the message
 */
export async function settleTransaction(
  tx: Transaction,
  { id, account }: { readonly id: string | null; readonly account: AccountId },
  outcome: 'delivered' | 'waiting' | 'given-up',
): Promise<void> {
  const [, connectionId, messageNo] = /^([0-9a-f]{1,32})-(\d{1,9})$/.exec(id ?? '') ?? [];
  if (connectionId === undefined || messageNo === undefined) return;
  await tx`
    update mail_transactions set outcome = ${outcome}, settled_at = now(), release_at = null
     where connection_id = ${connectionId} and message_no = ${Number(messageNo)}::integer and account_id = ${account}::bigint
       and outcome in ('waiting', 'held')`;
}

/** Removed in one statement; no lock is held for longer. */
const SLICE = 5_000;

/**
 * Removes what began before then, and the oldest beyond so many rows. In slices.
 *
 * @returns how many rows went
 */
export async function forgetTransactions(
  sql: Sql,
  { before, most, signal }: { readonly before: Date; readonly most: number; readonly signal: AbortSignal },
): Promise<number> {
  const [beyond] = await sql.read<{ id: string }[]>`
    select transaction_id as id from mail_transactions order by transaction_id desc offset ${most} limit 1`;
  const first = firstTransactionId(before);
  const end = beyond !== undefined && beyond.id > first ? beyond.id : first;
  let forgotten = 0;
  for (let removed = SLICE; removed >= SLICE; forgotten += removed) {
    signal.throwIfAborted();
    const { count } = await sql`
      delete from mail_transactions
       where transaction_id <= coalesce((select transaction_id from mail_transactions where transaction_id < ${end}::uuid
                                          order by transaction_id offset ${SLICE - 1} limit 1), ${end}::uuid)
         and transaction_id < ${end}::uuid`;
    removed = count; // more, where a transaction has many recipients
  }
  await sql`delete from mail_hours where hour < now() - make_interval(days => ${HOURS_DAYS})`;
  return forgotten;
}

const HOURS_DAYS = 400;

/** The smallest UUIDv7 of a time, by which rows are found from then on. */
export function firstTransactionId(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}

/** When a transaction began. */
export function beganAt(transactionId: string): Date {
  return new Date(Number.parseInt(transactionId.replaceAll('-', '').slice(0, 12), 16));
}
