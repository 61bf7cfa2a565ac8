import { randomUUID } from 'node:crypto';
import type { Arrival } from './append.ts';
import { contentChunks } from './content-chunks.ts';
import type { Content, ContentWriter } from './content-writer.ts';
import type { Sql, Transaction } from './database.ts';
import type { Delivering } from './delivering.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import type { Flags } from './flags.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { settleTransaction } from './mail-transactions.ts';
import { decodeEnvelope, encodeDetails } from './received-envelope.ts';
import { numberArray } from './sql-arrays.ts';

/** One recipient of a message. */
export interface Delivery {
  readonly account: AccountId;
  /** One of the account's; null, or one that has been deleted: INBOX. */
  readonly mailbox: MailboxId | null;
  readonly arrival: Arrival;
  /** None, if it is left out. */
  readonly flags?: Flags;
}

/** A delivery that is to wait, and why, for people to read. */
export interface WaitingDelivery {
  readonly delivery: Delivery;
  readonly failure: string;
  /** Its sender has no account here, and may be told if it is given up; left out: nobody knows whether it is theirs. */
  readonly tellsElsewhere?: boolean;
  /** It need not be kept where so many copies of its account wait already; left out: it must be. */
  readonly most?: number;
}

/** One that is due. */
export interface DueDelivery {
  readonly id: string;
  readonly delivery: Delivery;
  readonly internalDate: number;
}

/** What waits for an account. */
export interface WaitingUse {
  readonly copies: number;
  readonly octets: number;
}

/**
 * What may wait for one account. If as much does, and it cannot take mail, it is left out of aliases, and refused as a recipient
 * beside others.
 */
const WAITING_COPIES = 1_000;
const WAITING_OCTETS = 100 * 1024 * 1024;
/** Copies of what an account sent for which its mailbox has no room, and that wait for some; of any more only the log tells. */
export const OWN_COPIES_WAITING = 100;
/** The first attempt; each further one comes after twice the time, up to the longest. */
const FIRST_PAUSE_S = 60;
const LONGEST_PAUSE_S = 3_600;
/** Of link-local IPv6 addresses (RFC 4007 §11); Postgres does not know it. */
const ZONE = /%.*$/;

/** Of a copy's content, as a column of `waiting_deliveries as w`: a Postel of before did not write it down. */
export const sizeColumn = (sql: Sql) => sql`
  coalesce(w.size_octets, (select sum(octet_length(c.octets)) from waiting_contents as c
                            where c.account_id = w.account_id and c.delivery_id = w.delivery_id), 0)`;

/** What is read of a copy from `waiting_deliveries as w`. */
export const deliveryColumns = (sql: Sql) => sql`
  w.delivery_id as id, w.account_id as account, w.mailbox_id as mailbox, w.system_flags as system,
  w.internal_date as "internalDate", w.prefix, w.reverse_path as "reversePath", w.forward_path as "forwardPath", w.protocol,
  host(w.client_address) as "clientAddress", w.client_name as "clientName",
  jsonb_build_object('forwardPath', w.forward_path, 'details', coalesce(w.details, '{}'))::text as details`;

/** What `deliveryColumns` gives. */
export interface DeliveryRow extends Omit<Arrival, 'details'> {
  readonly id: string;
  readonly details: string;
  readonly account: AccountId;
  readonly mailbox: MailboxId | null;
  readonly system: number;
  readonly internalDate: Date;
}

/**
 * Makes copies of a message durable that their accounts cannot take now. The octets come first, each piece in a transaction of its
 * own, and count with the rows, which come together: all of them wait, or none.
 *
 * @param take says, in the transaction of the rows, whether they are to wait still; if not, nothing is done there
 * @returns false where it said no
 * @throws {StorageError} 'unavailable', 'outcome-unknown'; 'over-quota' if there are so many of an account that one need not be kept
 */
export async function keepWaiting(
  sql: Sql,
  content: Content,
  waiting: readonly WaitingDelivery[],
  take: (tx: Transaction) => Promise<boolean>,
): Promise<boolean> {
  try {
    for (const each of waiting) await requireFew(sql, each);
    const rows = waiting.map((each) => ({ ...each, id: randomUUID() }));
    for (const { id, delivery } of rows) await storeChunks(sql, delivery.account, id, content);
    await sql.begin(async (tx) => {
      if (!(await take(tx))) throw new NotTaken();
      for (const row of rows) await insertRow(tx, { ...row, sizeOctets: content.sizeOctets });
    });
    return true;
  } catch (error) {
    if (error instanceof NotTaken) return false;
    throw translateDatabaseError(error, true);
  }
}

/** Ends a transaction of which nothing is to stay. */
class NotTaken extends Error {}

async function requireFew(sql: Sql, { delivery, most }: WaitingDelivery): Promise<void> {
  if (most === undefined) return;
  const { length } = await sql.read`
    select from waiting_deliveries where account_id = ${delivery.account}::bigint limit ${most}`;
  if (length >= most) throw new StorageError('over-quota', `${most} copies wait for the account`);
}

async function storeChunks(sql: Sql, account: AccountId, id: string, content: Content): Promise<void> {
  let chunk = 0;
  for await (const octets of contentChunks(content)) {
    await sql`
      insert into waiting_contents (account_id, delivery_id, chunk, octets)
      values (${account}::bigint, ${id}::uuid, ${chunk}::integer, ${octets}::bytea)`;
    chunk++;
  }
}

async function insertRow(
  tx: Transaction,
  {
    id,
    delivery,
    failure,
    tellsElsewhere = false,
    sizeOctets,
  }: WaitingDelivery & { readonly id: string; readonly sizeOctets: number },
): Promise<void> {
  const { account, mailbox, arrival, flags } = delivery;
  const { prefix, reversePath, forwardPath, protocol, clientAddress, clientName } = arrival;
  await tx`
    insert into waiting_deliveries
           (account_id, delivery_id, mailbox_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
            client_address, client_name, details, next_attempt_at, last_failure, size_octets, tells_elsewhere)
    values (${account}::bigint, ${id}::uuid, ${mailbox}::bigint, ${flags?.system ?? 0}::smallint, now(), ${prefix}::bytea,
            ${reversePath}, ${forwardPath}, ${protocol}, ${clientAddress?.replace(ZONE, '') ?? null}::inet, ${clientName}::text, ${encodeDetails(arrival.details)}::text::jsonb,
            now() + make_interval(secs => ${FIRST_PAUSE_S}), ${failure}, ${sizeOctets}::bigint, ${tellsElsewhere})`;
}

/** What waits for each of some accounts; for those that are not named: nothing. */
export async function waitingUse(sql: Sql, accounts: Iterable<AccountId>): Promise<ReadonlyMap<AccountId, WaitingUse>> {
  const rows = await sql.read<(WaitingUse & { account: AccountId })[]>`
    select w.account_id as account, count(*) as copies, sum(${sizeColumn(sql)})::bigint as octets
      from waiting_deliveries as w where w.account_id = any(${numberArray(accounts)}::bigint[]) group by w.account_id`;
  return new Map(rows.map(({ account, ...use }) => [account, use]));
}

/** As much as may wait for one account, which is left out of what comes then. */
export function hasMuchWaiting({ copies, octets }: WaitingUse): boolean {
  return copies >= WAITING_COPIES || octets >= WAITING_OCTETS;
}

/**
 * Those that are due and that their accounts have room for: the first of each account, then the second of each, and so on, so that
 * thousands for one account keep no other's from their turn. A disabled account takes none.
 */
export async function findDue(sql: Sql, now: Date, limit: number): Promise<readonly DueDelivery[]> {
  const rows = await sql.read<DeliveryRow[]>`
    with recursive owners as (
      select min(account_id) as id from waiting_deliveries
      union all
      select (select min(w.account_id) from waiting_deliveries as w where w.account_id > o.id) from owners as o where o.id is not null)
    select ${deliveryColumns(sql)}
      from (select due.* from owners as o join accounts as a on a.account_id = o.id
             cross join lateral (
               select w.account_id, w.delivery_id, w.next_attempt_at, row_number() over (order by w.next_attempt_at) as turn
                 from waiting_deliveries as w
                where w.account_id = a.account_id and w.next_attempt_at <= ${now}
                  and (a.quota_octets is null or ${sizeColumn(sql)} + octet_length(w.prefix) <= a.quota_octets - a.used_octets)
                order by w.next_attempt_at limit ${limit}) as due
             where not a.is_disabled
               and coalesce(a.used_messages < a.quota_messages, true) and coalesce(a.used_octets < a.quota_octets, true)
             order by due.turn, due.next_attempt_at limit ${limit}) as due
      join waiting_deliveries as w on w.account_id = due.account_id and w.delivery_id = due.delivery_id
     order by due.turn, due.next_attempt_at`;
  return rows.map(dueDelivery);
}

export function dueDelivery(row: DeliveryRow): DueDelivery {
  const { id, account, mailbox, system, internalDate, details, prefix, reversePath, forwardPath } = row;
  const { protocol, clientAddress, clientName } = row;
  const arrival = { prefix, reversePath, forwardPath, protocol, clientAddress, clientName };
  return {
    id,
    delivery: {
      account,
      mailbox,
      arrival: { ...arrival, details: decodeEnvelope(Buffer.from(details)).details },
      flags: { system, keywords: [] },
    },
    internalDate: internalDate.getTime(),
  };
}

/** Its octets, to be finished by the caller. */
export async function readWaiting(sql: Sql, { id, delivery }: DueDelivery, writer: ContentWriter): Promise<void> {
  for (let chunk = 0; ; chunk++) {
    const [row] = await sql.read<{ octets: Buffer }[]>`
      select octets from waiting_contents
       where account_id = ${delivery.account}::bigint and delivery_id = ${id}::uuid and chunk = ${chunk}::integer`;
    if (row === undefined) return;
    await writer.write(row.octets);
  }
}

/** Takes it out, in the transaction that delivers it or gives it up. @returns false if somebody else has */
export async function takeWaiting(
  tx: Transaction,
  { id, delivery }: DueDelivery,
  outcome: 'delivered' | 'given-up',
): Promise<boolean> {
  const { account, arrival } = delivery;
  const taken = await tx`
    delete from waiting_deliveries where account_id = ${account}::bigint and delivery_id = ${id}::uuid`;
  if (taken.count === 0) return false;
  await tx`delete from waiting_contents where account_id = ${account}::bigint and delivery_id = ${id}::uuid`;
  await settleTransaction(tx, { id: arrival.details.id, account }, outcome);
  return true;
}

/** Works on one that is due. @returns null if that fails: it is put off */
export async function attemptDue<Result>(
  { sql, onError }: Pick<Delivering, 'sql' | 'onError'>,
  due: DueDelivery,
  work: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await work();
  } catch (thrown) {
    const error = translateDatabaseError(thrown, true);
    const isForeseen = error instanceof StorageError;
    if (!isForeseen) onError(error); // and those behind it have their turn
    await postpone(sql, due, isForeseen ? error.kind : 'error');
    return null;
  }
}

async function postpone(sql: Sql, { id, delivery }: DueDelivery, failure: string): Promise<void> {
  await sql`
    update waiting_deliveries
       set attempts = attempts + 1, last_failure = ${failure},
           next_attempt_at = now() + make_interval(secs => least(${LONGEST_PAUSE_S}, ${FIRST_PAUSE_S} * 2 ^ least(attempts + 1, 10)))
     where account_id = ${delivery.account}::bigint and delivery_id = ${id}::uuid`;
}
