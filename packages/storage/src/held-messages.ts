import { randomUUID } from 'node:crypto';
import type { Arrival } from './append.ts';
import { contentChunks } from './content-chunks.ts';
import type { Content, ContentWriter } from './content-writer.ts';
import type { Sql, Transaction } from './database.ts';
import type { Delivering } from './delivering.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import { SystemFlag } from './flags.ts';
import type { NewReport } from './give-up-waiting.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { settleTransaction } from './mail-transactions.ts';
import { decodeEnvelope, type EnvelopeDetails, encodeDetails } from './received-envelope.ts';
import { type Delivery, OWN_COPIES_WAITING } from './waiting-deliveries.ts';

/** A message that is not to be delivered before its time. */
export interface HeldMessage {
  /** Who sent it; it is theirs until it is released. */
  readonly sender: AccountId;
  readonly releaseAt: Date;
  /** As the sender said it: `for;86400`, `until;2027-06-30T18:30:00Z` (RFC 4865 §5.1.2). */
  readonly request: string;
  readonly reversePath: string;
  readonly deliveries: readonly Delivery[];
}

/** What an account has held at once, and at most. */
export interface HeldUse {
  readonly messages: number;
  readonly octets: number;
}

/** A message whose time has come, once all its copies have gone. */
export interface ReleasedMessage extends Pick<HeldMessage, 'sender' | 'request' | 'reversePath'> {
  readonly heldAt: Date;
  readonly content: Content;
  /** Of those that were delivered, but for what its sender keeps of it; the copies of others wait for them. */
  readonly delivered: readonly EnvelopeDetails[];
}

export interface ReleaseOptions {
  /** What the sender is told; null: nothing. */
  reportOn?(released: ReleasedMessage): Promise<NewReport | null>;
  /** Ends it between two copies. */
  readonly signal?: AbortSignal;
}

export interface HeldDone {
  readonly released: number;
  readonly delivered: number;
  /** Copies that now wait for their account. */
  readonly waiting: number;
}

interface DueMessage extends Pick<HeldMessage, 'sender' | 'request' | 'reversePath'> {
  readonly id: string;
  readonly heldAt: Date;
}

interface HeldCopy {
  readonly copy: number;
  readonly delivery: Delivery;
}

interface FoundCopy extends HeldCopy {
  /** Its account, which takes no mail then. */
  readonly isDisabled: boolean;
}

/** Messages that are released in one go; the others come with the next. */
const RELEASED_AT_ONCE = 1_000;
/** When a copy that could not be delivered is tried again. */
const PAUSE_S = 60;
/** Of link-local IPv6 addresses (RFC 4007 §11); Postgres does not know it. */
const ZONE = /%.*$/;

/**
 * Makes a message durable that is to be released later. Its octets come first, each piece in a transaction of its own, and count
 * with the row that comes last.
 *
 * @throws {StorageError} 'over-quota' if it would be more than its sender may have held; 'nonexistent', 'unavailable', 'outcome-unknown'
 */
export async function holdMessage(sql: Sql, content: Content, held: HeldMessage, most: HeldUse): Promise<void> {
  const { sender, releaseAt, request, reversePath, deliveries } = held;
  const id = randomUUID();
  const { sizeOctets } = content;
  try {
    await storeChunks(sql, sender, id, content);
    await sql.begin(async (tx) => {
      for (const [copy, delivery] of deliveries.entries()) await insertCopy(tx, { sender, id, copy, delivery });
      // From here on one at a time.
      const { count } = await tx`select from accounts where account_id = ${sender}::bigint for no key update`;
      if (count === 0) throw new StorageError('nonexistent', 'no such account');
      const use = await readHeldUse(tx, sender);
      if (use.messages >= most.messages || use.octets + sizeOctets > most.octets) {
        throw new StorageError('over-quota', `${use.messages} messages are held, of ${use.octets} octets`);
      }
      await tx`
        insert into held_messages (account_id, message_id, release_at, request, reverse_path, size_octets)
        values (${sender}::bigint, ${id}::uuid, ${releaseAt}, ${request}, ${reversePath}, ${sizeOctets}::bigint)`;
    });
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
}

/** How much an account has held. */
export async function readHeldUse({ read }: Pick<Sql, 'read'>, sender: AccountId): Promise<HeldUse> {
  const [use] = await read<{ messages: number; octets: number }[]>`
    select count(*)::integer as messages, coalesce(sum(size_octets), 0)::bigint as octets
      from held_messages where account_id = ${sender}::bigint`;
  return use ?? { messages: 0, octets: 0 };
}

/**
 * Releases the messages whose time has come, of accounts that are not disabled: each copy is delivered once, in the transaction
 * that takes it, and its sender is told once, in the transaction that forgets the message, also if this process is killed in
 * between. One whose account cannot take it waits as other copies do. To be called by one process at a time.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function releaseHeld(delivering: Delivering, now: Date, options: ReleaseOptions): Promise<HeldDone> {
  const { sql, onError } = delivering;
  let [released, delivered, waiting] = [0, 0, 0];
  try {
    for (const due of await findDue(sql, now)) {
      if (options.signal?.aborted === true) break;
      const done = await releaseOne(delivering, due, options).catch((thrown: unknown) => {
        const error = translateDatabaseError(thrown, true);
        if (isOfDatabase(error)) throw error;
        onError(error); // and those behind it have their turn
        return null;
      });
      if (done === null) continue;
      if (done.isReleased) released++;
      delivered += done.delivered;
      waiting += done.waiting;
    }
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
  return { released, delivered, waiting };
}

interface ReleasedOne extends Omit<HeldDone, 'released'> {
  /** False: some of its copies are left. */
  readonly isReleased: boolean;
}

async function releaseOne(
  delivering: Delivering,
  due: DueMessage,
  { reportOn, signal }: ReleaseOptions,
): Promise<ReleasedOne | null> {
  const { sql, receive } = delivering;
  const { id, sender } = due;
  // Who takes a message back finds out by this whether it is too late.
  const begun = await sql`
    update held_messages set released_at = coalesce(released_at, now())
     where account_id = ${sender}::bigint and message_id = ${id}::uuid`;
  if (begun.count === 0) return null;

  await using content = await readContent(sql, due, receive());
  let [delivered, waiting] = [0, 0];
  for (const held of await readCopies(sql, due)) {
    if (signal?.aborted === true) return { isReleased: false, delivered, waiting };
    const outcome = await releaseCopy(delivering, due, held, content);
    if (outcome === 'delivered') delivered++;
    else if (outcome === 'waits') waiting++;
  }
  if (!(await tell(delivering, due, content, reportOn))) await sql.begin((tx) => forget(tx, due));
  return { isReleased: true, delivered, waiting };
}

async function releaseCopy(
  { sql, deliver, onError }: Delivering,
  due: DueMessage,
  held: FoundCopy,
  content: Content,
): Promise<'delivered' | 'waits' | 'gone'> {
  if (held.isDisabled) return (await letWait(sql, due, held, 'disabled')) ? 'waits' : 'gone';
  try {
    const isDelivered = await deliver(content, held.delivery, Date.now(), (tx) => takeDelivered(tx, due, held));
    return isDelivered ? 'delivered' : 'gone';
  } catch (thrown) {
    const error = translateDatabaseError(thrown, true);
    if (isOfDatabase(error)) throw error;
    const isForeseen = error instanceof StorageError;
    if (!isForeseen) onError(error);
    if (await hasNoRoomToWait(sql, due, held)) {
      onError(new StorageError('over-quota', 'no copy of what was sent is kept: too many wait', { cause: error }));
      await sql.begin((tx) => takeCopy(tx, due, held));
      return 'gone';
    }
    return (await letWait(sql, due, held, isForeseen ? error.kind : 'error')) ? 'waits' : 'gone';
  }
}

/** Tells its sender, and forgets the message. @returns false if there is nothing to tell, or the sender cannot be told */
async function tell(
  { sql, receive, deliver, onError }: Delivering,
  due: DueMessage,
  content: Content,
  reportOn: ReleaseOptions['reportOn'],
): Promise<boolean> {
  try {
    const delivered = await readDelivered(sql, due);
    const report = delivered.length === 0 ? undefined : await reportOn?.({ ...due, content, delivered });
    if (!report) return false;
    const writer = receive();
    await writer.write(report.octets);
    await using octets = await writer.finish();
    const delivery = { account: due.sender, mailbox: null, arrival: report.arrival };
    await deliver(octets, delivery, Date.now(), (tx) => forget(tx, due));
    return true;
  } catch (thrown) {
    const error = translateDatabaseError(thrown, true);
    if (isOfDatabase(error)) throw error;
    onError(error);
    return false;
  }
}

/** Then nothing else would fare better: it is gone on with when it is there again. */
function isOfDatabase(error: unknown): boolean {
  return error instanceof StorageError && ['unavailable', 'outcome-unknown', 'disk-full'].includes(error.kind);
}

async function storeChunks(sql: Sql, sender: AccountId, id: string, content: Content): Promise<void> {
  let chunk = 0;
  for await (const octets of contentChunks(content)) {
    await sql`
      insert into held_contents (account_id, message_id, chunk, octets)
      values (${sender}::bigint, ${id}::uuid, ${chunk}::integer, ${octets}::bytea)`;
    chunk++;
  }
}

interface CopyRow extends HeldCopy {
  readonly sender: AccountId;
  readonly id: string;
}

async function insertCopy(tx: Transaction, { sender, id, copy, delivery }: CopyRow): Promise<void> {
  const { account, mailbox, arrival, flags } = delivery;
  const { prefix, forwardPath, protocol, clientAddress, clientName } = arrival;
  await tx`
    insert into held_copies
           (account_id, message_id, copy, recipient_id, mailbox_id, system_flags, prefix, forward_path, protocol, client_address,
            client_name, details)
    values (${sender}::bigint, ${id}::uuid, ${copy}::integer, ${account}::bigint, ${mailbox}::bigint, ${flags?.system ?? 0}::smallint,
            ${prefix}::bytea, ${forwardPath}, ${protocol}, ${clientAddress?.replace(ZONE, '') ?? null}::inet, ${clientName}::text,
            ${encodeDetails(arrival.details)}::text::jsonb)`;
}

/** The earliest first. */
async function findDue(sql: Sql, now: Date): Promise<readonly DueMessage[]> {
  return await sql.read<DueMessage[]>`
    select h.account_id as sender, message_id as id, held_at as "heldAt", request, reverse_path as "reversePath"
      from held_messages as h join accounts as a on a.account_id = h.account_id
     where release_at <= ${now} and not a.is_disabled order by release_at limit ${RELEASED_AT_ONCE}`;
}

async function readContent(sql: Sql, { sender, id }: DueMessage, writer: ContentWriter): Promise<Content> {
  try {
    for (let chunk = 0; ; chunk++) {
      const [row] = await sql.read<{ octets: Buffer }[]>`
        select octets from held_contents
         where account_id = ${sender}::bigint and message_id = ${id}::uuid and chunk = ${chunk}::integer`;
      if (row === undefined) return await writer.finish();
      await writer.write(row.octets);
    }
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function readCopies(sql: Sql, { sender, id, reversePath }: DueMessage): Promise<readonly FoundCopy[]> {
  const rows = await sql.read<
    (Omit<Arrival, 'details' | 'reversePath'> & {
      copy: number;
      account: AccountId;
      mailbox: MailboxId | null;
      system: number;
      details: string;
      isDisabled: boolean;
    })[]
  >`
    select copy, recipient_id as account, mailbox_id as mailbox, system_flags as system, prefix, forward_path as "forwardPath",
           protocol, host(client_address) as "clientAddress", client_name as "clientName",
           jsonb_build_object('forwardPath', forward_path, 'details', coalesce(details, '{}'))::text as details,
           exists (select from accounts as a where a.account_id = recipient_id and a.is_disabled) as "isDisabled"
      from held_copies where account_id = ${sender}::bigint and message_id = ${id}::uuid order by copy`;
  return rows.map(({ copy, account, mailbox, system, details, isDisabled, ...arrival }) => ({
    copy,
    isDisabled,
    delivery: {
      account,
      mailbox,
      arrival: { ...arrival, reversePath, details: decodeEnvelope(Buffer.from(details)).details },
      flags: { system, keywords: [] },
    },
  }));
}

/** @returns false if it is gone */
async function takeCopy(tx: Transaction, { sender, id }: DueMessage, { copy }: HeldCopy): Promise<boolean> {
  const { count } = await tx`
    delete from held_copies
     where account_id = ${sender}::bigint and message_id = ${id}::uuid and copy = ${copy}::integer`;
  return count > 0;
}

/** Takes a copy that is delivered, of which its sender is to be told. @returns false if it is gone */
async function takeDelivered(tx: Transaction, due: DueMessage, held: HeldCopy): Promise<boolean> {
  const { id, sender } = due;
  if (!(await takeCopy(tx, due, held))) return false;
  if (isOwnCopy(due, held)) return true;
  const { account, arrival } = held.delivery;
  const { forwardPath, details } = arrival;
  await settleTransaction(tx, { id: details.id, account }, 'delivered');
  await tx`
    insert into held_delivered (account_id, message_id, copy, forward_path, details)
    values (${sender}::bigint, ${id}::uuid, ${held.copy}::integer, ${forwardPath}, ${encodeDetails(details)}::text::jsonb)`;
  return true;
}

async function readDelivered(sql: Sql, { sender, id }: DueMessage): Promise<readonly EnvelopeDetails[]> {
  const rows = await sql.read<{ envelope: string }[]>`
    select jsonb_build_object('forwardPath', forward_path, 'details', coalesce(details, '{}'))::text as envelope
      from held_delivered where account_id = ${sender}::bigint and message_id = ${id}::uuid order by copy`;
  return rows.map(({ envelope }) => decodeEnvelope(Buffer.from(envelope)).details);
}

/** What its sender keeps of it: it is read, and no delivery. */
function isOwnCopy({ sender }: DueMessage, { delivery }: HeldCopy): boolean {
  return delivery.account === sender && ((delivery.flags?.system ?? 0) & SystemFlag.seen) !== 0;
}

/** A full mailbox would be room without end for whoever sends: of what they keep of it, only so much waits. */
async function hasNoRoomToWait(sql: Sql, due: DueMessage, held: HeldCopy): Promise<boolean> {
  if (!isOwnCopy(due, held)) return false;
  const { length } = await sql.read`
    select from waiting_deliveries where account_id = ${due.sender}::bigint limit ${OWN_COPIES_WAITING}`;
  return length >= OWN_COPIES_WAITING;
}

/** Makes a copy one that waits for its account, in one transaction. @returns false if there is no such account any more */
async function letWait(sql: Sql, due: DueMessage, held: HeldCopy, failure: string): Promise<boolean> {
  const { id, sender } = due;
  const { account } = held.delivery;
  const waitingId = randomUUID();
  return await sql.begin(async (tx) => {
    const moved = await tx`
      insert into waiting_deliveries
             (account_id, delivery_id, mailbox_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
              client_address, client_name, details, next_attempt_at, last_failure, size_octets)
      select c.recipient_id, ${waitingId}::uuid, c.mailbox_id, c.system_flags, now(), c.prefix, ${due.reversePath}, c.forward_path,
             c.protocol, c.client_address, c.client_name, c.details, now() + make_interval(secs => ${PAUSE_S}), ${failure}, m.size_octets
        from held_copies as c join accounts as a on a.account_id = c.recipient_id
        join held_messages as m on m.account_id = c.account_id and m.message_id = c.message_id
       where c.account_id = ${sender}::bigint and c.message_id = ${id}::uuid and c.copy = ${held.copy}::integer`;
    await takeCopy(tx, due, held);
    if (moved.count === 0) return false;
    if (!isOwnCopy(due, held)) {
      await settleTransaction(tx, { id: held.delivery.arrival.details.id, account }, 'waiting');
    }
    await tx`
      insert into waiting_contents (account_id, delivery_id, chunk, octets)
      select ${account}::bigint, ${waitingId}::uuid, chunk, octets
        from held_contents where account_id = ${sender}::bigint and message_id = ${id}::uuid`;
    return true;
  });
}

/** @returns false if somebody else has done so */
async function forget(tx: Transaction, { sender, id }: DueMessage): Promise<boolean> {
  const { count } = await tx`
    delete from held_messages where account_id = ${sender}::bigint and message_id = ${id}::uuid`;
  for (const table of ['held_copies', 'held_delivered', 'held_contents']) {
    await tx`delete from ${tx(table)} where account_id = ${sender}::bigint and message_id = ${id}::uuid`;
  }
  return count > 0;
}
