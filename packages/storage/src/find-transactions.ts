import type { Sql } from './database.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId } from './ids.ts';
import { firstTransactionId, type TransactionFacts, type TransactionOutcome } from './mail-transactions.ts';
import { textArray } from './sql-arrays.ts';

/** A row of `mail_transactions`, as it was recorded. */
export interface RecordedTransaction extends TransactionFacts {
  readonly settledAt: Date;
  /** More than 1: so many of a network are not told apart. */
  readonly count: number;
  /** As the reply, the log and Received name it; null if it never had a name. */
  readonly message: string | null;
  readonly client: string | null;
  readonly sender: string | null;
  readonly account: string | null;
  readonly releaseAt: Date | null;
}

/** By what rows are looked for. Each has an index. */
export type TransactionKey =
  | { readonly type: 'any' }
  | { readonly type: 'transaction'; readonly transactionId: string }
  /** Of a recipient or a sender; also, if that is said, of a member elsewhere of an alias. */
  | { readonly type: 'address'; readonly address: string; readonly isMember: boolean }
  | { readonly type: 'message-id'; readonly messageId: string }
  | { readonly type: 'connection'; readonly connectionId: string; readonly messageNo: number | null }
  | { readonly type: 'client'; readonly address: string }
  /** What came for an account, or what it sent, or both. */
  | { readonly type: 'account'; readonly account: AccountId; readonly direction: 'in' | 'out' | 'both' };

/** Where the next page begins: behind this row. */
export interface TransactionCursor {
  readonly transactionId: string;
  readonly recipientNo: number;
}

export interface TransactionFilter {
  readonly key: TransactionKey;
  /** Of recipients that were named as one, only the first: who wrote to an alias does not learn how many it has. */
  readonly isNamedOnce?: boolean;
  /** What is true beside that: of each of these, one. */
  readonly also: readonly (readonly TransactionKey[])[];
  readonly since: Date | null;
  readonly until: Date | null;
  /** Null: any. */
  readonly outcomes: readonly TransactionOutcome[] | null;
  readonly after: TransactionCursor | null;
  readonly limit: number;
}

/** Of all that may ever be. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const columns = (sql: Sql) => sql.read`
  t.transaction_id as "transactionId", t.recipient_no as "recipientNo", t.settled_at as "settledAt", t.count, t.listener, t.protocol,
  t.connection_id as "connectionId", t.connection_id || '-' || t.message_no as message, abbrev(t.client_address) as client,
  t.client_name as "clientName", t.tls_version as "tlsVersion", t.sender_account_id as "senderAccountId", s.name as sender,
  t.reverse_path as "reversePath", t.recipient, t.destination, t.account_id as "accountId", a.name as account,
  t.message_id as "messageId", t.size_octets as "sizeOctets", t.checks, t.stage, t.outcome, t.reply_code as "replyCode",
  t.reply_status as "replyStatus", t.reply_text as "replyText", t.uidvalidity, t.uid, t.release_at as "releaseAt"`;

const names = (sql: Sql) => sql.read`
  left join accounts as a on a.account_id = t.account_id left join accounts as s on s.account_id = t.sender_account_id`;

/** The newest first. @throws {StorageError} 'unavailable' */
export async function findTransactions(sql: Sql, filter: TransactionFilter): Promise<readonly RecordedTransaction[]> {
  const { key, also, since, until, outcomes, after, limit } = filter;
  const first = firstTransactionId(since ?? new Date(0));
  const last = until === null ? LAST_ID : firstTransactionId(until);
  const end = after !== null && after.transactionId < last ? after.transactionId : last;
  const endNo = end === last ? 0 : (after?.recipientNo ?? 0);
  let wanted = outcomes === null ? all(sql) : sql.read`outcome = any(${textArray(outcomes)}::text[])`;
  for (const keys of also) {
    wanted = sql.read`${wanted} and (${either(
      sql,
      keys.flatMap((each) => conditions(sql, each)),
    )})`;
  }
  if (filter.isNamedOnce === true) {
    wanted = sql.read`${wanted} and not exists (
      select from mail_transactions as e
       where e.transaction_id = r.transaction_id and e.recipient_no < r.recipient_no and e.recipient = r.recipient)`;
  }
  // Each by the index of its own; one query with `or` would go by none of them.
  const some = (condition: Condition) => sql.read`
    (select transaction_id, recipient_no from mail_transactions as r
      where ${condition} and transaction_id >= ${first}::uuid
        and (transaction_id, recipient_no) < (${end}::uuid, ${endNo}::integer) and ${wanted}
      order by transaction_id desc, recipient_no desc limit ${limit}::integer)`;
  const [one = all(sql), two, three] = conditions(sql, key);
  const found =
    two === undefined
      ? some(one)
      : three === undefined
        ? sql.read`${some(one)} union ${some(two)}`
        : sql.read`${some(one)} union ${some(two)} union ${some(three)}`;
  return await asStorageErrors(
    () => sql.read<RecordedTransaction[]>`
      select ${columns(sql)}
        from (${found}) as found join mail_transactions as t using (transaction_id, recipient_no) ${names(sql)}
       order by t.transaction_id desc, t.recipient_no desc limit ${limit}::integer`,
  );
}

const all = (sql: Sql) => sql.read`true`;

type Condition = ReturnType<typeof all>;

/** None of none. */
const either = (sql: Sql, [first = sql.read`false`, ...others]: readonly Condition[]): Condition =>
  others.reduce((before, condition) => sql.read`${before} or ${condition}`, first);

function conditions(sql: Sql, key: TransactionKey): readonly Condition[] {
  switch (key.type) {
    case 'any':
      return [];
    case 'transaction':
      return [sql.read`transaction_id = ${key.transactionId}::uuid`];
    case 'address':
      return [
        sql.read`lower(recipient) = lower(${key.address}::text) and recipient is not null`,
        sql.read`lower(reverse_path) = lower(${key.address}::text) and reverse_path <> ''`,
        ...(key.isMember
          ? [sql.read`lower(destination) = lower(${key.address}::text) and destination is not null`]
          : []),
      ];
    case 'message-id':
      return [sql.read`message_id = ${key.messageId}::text`];
    case 'connection':
      return key.messageNo === null
        ? [sql.read`connection_id = ${key.connectionId}::text`]
        : [sql.read`connection_id = ${key.connectionId}::text and message_no = ${key.messageNo}::integer`];
    case 'client':
      return [sql.read`client_address = ${key.address}::text::inet`];
    case 'account': {
      const came = sql.read`account_id = ${key.account}::bigint`;
      const sent = sql.read`sender_account_id = ${key.account}::bigint`;
      return key.direction === 'in' ? [came] : key.direction === 'out' ? [sent] : [came, sent];
    }
    default:
      return key satisfies never;
  }
}

/** All recipients of a transaction, in their order, no more than so many. @throws {StorageError} 'unavailable' */
export async function readTransaction(
  sql: Sql,
  transactionId: string,
  limit: number,
): Promise<readonly RecordedTransaction[]> {
  return await asStorageErrors(
    () => sql.read<RecordedTransaction[]>`
      select ${columns(sql)} from mail_transactions as t ${names(sql)}
       where t.transaction_id = ${transactionId}::uuid order by t.recipient_no limit ${limit}::integer`,
  );
}

/** What became of a delivered message since, in the account that it was delivered to. */
export interface MessagePlace {
  readonly accountId: AccountId;
  readonly uidvalidity: number;
  readonly uid: number;
  /** Where it was put; null if that mailbox is no more. */
  readonly mailbox: string | null;
  /** It is still there. */
  readonly isThere: boolean;
  /** When it was taken from there. */
  readonly leftAt: Date | null;
  /** Where else it is now. */
  readonly elsewhere: readonly string[];
}

/** Mailboxes that have a copy and are named. */
const PLACES = 5;

/** @throws {StorageError} 'unavailable' */
export async function findPlaces(
  sql: Sql,
  delivered: readonly Pick<MessagePlace, 'accountId' | 'uidvalidity' | 'uid'>[],
): Promise<readonly MessagePlace[]> {
  if (delivered.length === 0) return [];
  const rows = await asStorageErrors(
    () => sql.read<(Omit<MessagePlace, 'elsewhere'> & { readonly elsewhere: string | null })[]>`
      select d."accountId", d.uidvalidity, d.uid, b.name as mailbox, m.uid is not null as "isThere", g.expunged_at as "leftAt",
             (select string_agg(name, chr(31)) from (
                select o.name from messages as c join mailboxes as o on o.account_id = c.account_id and o.mailbox_id = c.mailbox_id
                 where c.account_id = d."accountId" and c.content_id = coalesce(m.content_id, g.content_id)
                   and c.email_id = coalesce(m.email_id, g.email_id) and o.expunged_seq is null
                   and not (c.mailbox_id = b.mailbox_id and c.uid = d.uid)
                 order by o.name limit ${PLACES}::integer) as others) as elsewhere
        from jsonb_to_recordset(${JSON.stringify(delivered)}::text::jsonb) as d ("accountId" bigint, uidvalidity bigint, uid bigint)
        left join mailboxes as b on b.account_id = d."accountId" and b.uidvalidity = d.uidvalidity and b.expunged_seq is null
        left join messages as m on m.account_id = d."accountId" and m.mailbox_id = b.mailbox_id and m.uid = d.uid
        left join tombstones as g on g.account_id = d."accountId" and g.mailbox_id = b.mailbox_id and g.uid = d.uid`,
  );
  return rows.map(({ elsewhere, ...row }) => ({ ...row, elsewhere: elsewhere?.split('\x1f') ?? [] }));
}

/** The attempts at a copy that waits. */
export interface WaitingCopyState {
  readonly accountId: AccountId;
  readonly queuedAt: Date;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly failure: string;
}

/** @param message as the reply named it. @throws {StorageError} 'unavailable' */
export async function findWaitingCopies(
  sql: Sql,
  message: string,
  accounts: readonly AccountId[],
): Promise<readonly WaitingCopyState[]> {
  if (accounts.length === 0) return [];
  return await asStorageErrors(
    () => sql.read<WaitingCopyState[]>`
      select w.account_id as "accountId", w.queued_at as "queuedAt", w.attempts, w.next_attempt_at as "nextAttemptAt",
             w.last_failure as failure
        from waiting_deliveries as w
       where w.account_id = any(${`{${accounts.join(',')}}`}::bigint[]) and w.details ->> 'id' = ${message}::text`,
  );
}
