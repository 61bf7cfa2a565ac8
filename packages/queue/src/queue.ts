import { randomUUID } from 'node:crypto';
import {
  type AccountId,
  type Content,
  type Database,
  type Sql,
  StorageError,
  type Transaction,
  textArray,
  translateDatabaseError,
} from '@postel/storage';
import { domainOf } from './domain-of.ts';
import {
  BULK_PART,
  BULK_RECIPIENTS,
  CHUNK_OCTETS,
  HISTORY_MS,
  LEASE_MS,
  PRUNED_AT_ONCE,
  RECIPIENTS_AN_ACCOUNT,
  REPLY_CHARACTERS,
  SMALL_MESSAGE_OCTETS,
  STRAY_CONTENT_MS,
} from './limits.ts';
import { MessageTraits } from './message-traits.ts';
import { type ClockLook, countedMs, lookAtClock } from './queue-clock.ts';
import { type CopiesTaken, copiesOf, forgetCopies, takeCopies } from './queue-copies.ts';
import type {
  LeasedRecipient,
  NewMessage,
  NewRecipient,
  QueuedEnvelope,
  QueuedMessage,
  Settled,
} from './queue-rows.ts';
import { applyHoldRules } from './queue-rules.ts';
import { pruneReportCounts, type ReportLimit, sortReports } from './report-limits.ts';
import { SharedWrites } from './shared-writes.ts';
import { QUEUE_CHANNEL, tellQueue } from './tell-queue.ts';
import { noteEvents, tellWebhooks } from './webhook-events.ts';

/** A DSN to be queued, and of what message it tells. */
export interface QueuedReport {
  readonly octets: Buffer;
  readonly about: {
    readonly name: string;
    /** Whom it is for. */
    readonly reversePath: string;
    /** Of whom the message is; null: it came from elsewhere. */
    readonly account: AccountId | null;
    readonly requiresTls: boolean;
    /** Ours, of whose postmaster it is. */
    readonly hostname: string;
  };
}

/** A report that is not sent, because too many were, and what it would have told of. */
export type WithheldReport = Pick<QueuedReport['about'], 'name' | 'reversePath'> & { readonly limit: ReportLimit };

/** A message that was put into the queue. */
export interface Kept {
  readonly id: string;
}

/** What came of an attempt at recipients of one message. */
interface Settlement {
  readonly results: readonly Settled[];
  readonly reports: readonly QueuedReport[];
}

export interface QueueOptions {
  /** How long a row is lent. */
  readonly leaseMs?: number;
  /** Is told of reports that their senders do not get, once that is so. */
  readonly onWithheld?: (report: WithheldReport) => void;
  /** Is told how many events webhooks do not hear of, because too many wait for them, once that is so. */
  readonly onLostEvents?: (count: number) => void;
}

/** The queue, for who puts messages into it and who takes them out. */
export class Queue {
  readonly #sql: Sql;
  readonly #listen: Database['listen'];
  readonly leaseMs: number;
  readonly #onWithheld: (report: WithheldReport) => void;
  readonly #onLostEvents: (count: number) => void;
  /** Others are being told that there is something. */
  #isTelling = false;
  readonly #settlements = new SharedWrites<Settlement>(
    (settlements) => this.#settleTogether(settlements),
    isOfDatabase,
  );

  constructor({ sql, listen }: Pick<Database, 'sql' | 'listen'>, options: QueueOptions = {}) {
    const { leaseMs = LEASE_MS, onWithheld = () => {}, onLostEvents = () => {} } = options;
    this.#sql = sql;
    this.#listen = listen;
    this.leaseMs = leaseMs;
    this.#onWithheld = onWithheld;
    this.#onLostEvents = onLostEvents;
  }

  /**
   * Makes a message durable. Its octets come first, each piece in a transaction of its own, and count with the rows, which come
   * together.
   *
   * @throws {StorageError} 'unavailable', 'outcome-unknown', 'disk-full'; 'over-quota' if its account has too much in the queue
   */
  async keep(content: Pick<Content, 'read' | 'sizeOctets' | 'headerOctets'>, message: NewMessage): Promise<Kept> {
    const { account, prefix, recipients, mayBeBinary } = message;
    const id = randomUUID();
    const traits = new MessageTraits(prefix.length + content.headerOctets, mayBeBinary);
    try {
      if (account !== null) await this.#requireFew(account, recipients.length);
      let chunk = 0;
      for await (const octets of gathered(prefix, content)) {
        traits.push(octets);
        await storeChunk(this.#sql, id, chunk++, octets);
      }
      const sizeOctets = prefix.length + content.sizeOctets;
      await this.#sql.begin(async (tx) => {
        await requireOctets(tx, id, sizeOctets);
        await insertMessage(tx, id, message, { traits, sizeOctets });
      });
    } catch (error) {
      throw translateDatabaseError(error, true);
    }
    if (message.waitMs === 0) this.#tell();
    return { id };
  }

  /**
   * Lets recipients of a message go that was kept to wait, and takes the others out.
   *
   * @returns how many of the others are not to be had back, as the time that they were to wait was over before
   * @throws {StorageError}
   */
  async start({ id }: Kept, forwardPaths: readonly string[]): Promise<number> {
    let gone: number;
    try {
      gone = await this.#sql.begin(async (tx) => {
        await tx`
          update queue_recipients as r set next_attempt_at = case when m.release_request is null then now() else greatest(now(), m.released_at) end
            from queue_messages as m
           where r.message_id = ${id}::uuid and m.message_id = r.message_id and lease is null and attempts = 0
             and forward_path = any(${textArray(forwardPaths)}::text[])`;
        await tx`
          delete from queue_recipients
           where message_id = ${id}::uuid and lease is null and attempts = 0
             and forward_path <> all(${textArray(forwardPaths)}::text[])`;
        const [left] = await tx<{ count: number; gone: number }[]>`
          select count(*)::integer as count,
                 count(*) filter (where forward_path <> all(${textArray(forwardPaths)}::text[]))::integer as gone
            from queue_recipients where message_id = ${id}::uuid`;
        if (left !== undefined && left.count > 0) return left.gone;
        await tx`delete from queue_contents where message_id = ${id}::uuid`;
        await tx`delete from queue_messages where message_id = ${id}::uuid`;
        return 0;
      });
    } catch (error) {
      throw translateDatabaseError(error, true);
    }
    if (forwardPaths.length > 0) this.#tell();
    return gone;
  }

  /**
   * Takes rows that are due, the longest waiting first, and what goes to many after the others, but some of it always. Nobody else gets
   * them until the lease ends, which is renewed as long as somebody works on them.
   *
   * @param except domains that have enough to do
   * @param bulkLimit of what goes to many, no more than this
   */
  async take(limit: number, except: readonly string[], bulkLimit = limit): Promise<readonly LeasedRecipient[]> {
    const lease = randomUUID();
    return await this.#sql.begin(async (tx) => {
      const dueOf = async (isBulk: boolean, most: number) =>
        await tx<{ id: number }[]>`
        select recipient_id as id from queue_recipients
         where state = 'waiting' and is_bulk = ${isBulk} and next_attempt_at <= now()
           and domain <> all(${textArray(except)}::text[])
         order by next_attempt_at limit ${most} for update skip locked`;
      const first = await dueOf(false, limit);
      const room = Math.max(limit - first.length, Math.ceil(limit * BULK_PART));
      const bulk = await dueOf(true, Math.min(bulkLimit, room));
      const due = [...first, ...bulk];
      if (due.length === 0) return [];
      const ids = `{${due.map(({ id }) => id).join(',')}}`;
      await tx`
        update queue_recipients
           set lease = ${lease}::uuid, next_attempt_at = now() + make_interval(secs => ${this.leaseMs / 1_000}),
               tried_since_ms = coalesce(tried_since_ms, ${countedMs(tx)})
         where recipient_id = any(${ids}::bigint[])`;
      const rows = await tx<LeasedRow[]>`
        select r.recipient_id as id, r.forward_path as "forwardPath", r.domain, r.alias,
               coalesce(r.list_fields, '') as "listFields", r.original_recipient as "originalRecipient",
               array_to_string(r.notify, ',') as notify, r.attempts, r.delay_told_at is not null as "wasToldOfDelay",
               r.is_bulk as "isBulk", r.pinned_route as "pinnedRoute", coalesce(s.reason, case when r.last_status like '5.%' then r.last_reply end) as ending,
               m.message_id as "messageId", m.name, m.account_id as account, m.queued_at as "queuedAt",
               m.released_at as "releasedAt", greatest(${countedMs(tx)} - r.tried_since_ms, 0)::float8 as "ageMs",
               m.reverse_path as "reversePath", m.release_request as "releaseRequest",
               m.size_octets as "sizeOctets", m.is_8bit as "is8bit", m.has_utf8_header as "hasUtf8Header",
               m.is_binary as "isBinary", m.is_tls_optional as "isTlsOptional", m.is_utf8 as "isUtf8", m.requires_tls as "requiresTls", m.envelope_id as "envelopeId",
               m.return_content as "returnContent", m.submitter, array_to_string(m.signers, ',') as signers,
               m.tells_sender as "tellsSender"
          from queue_recipients as r join queue_messages as m using (message_id)
          left join queue_suppressions as s on s.address = lower(left(r.forward_path, -strpos(reverse(r.forward_path), '@'))) || '@' || r.domain
         where r.recipient_id = any(${ids}::bigint[]) order by r.is_bulk, m.queued_at, r.recipient_id`;
      const small = await readSmall(tx, rows);
      return rows.map((row) => leased(row, lease, small.get(row.messageId)));
    });
  }

  /** Makes leases last. @returns those that are lost: somebody else may have the row now */
  async renew(recipients: readonly LeasedRecipient[]): Promise<readonly LeasedRecipient[]> {
    const kept = await this.#sql<{ id: number }[]>`
      with mine as materialized (
        select recipient_id, named.lease
          from unnest(${listOf(recipients, 'id')}::bigint[], ${listOf(recipients, 'lease')}::uuid[]) as named (id, lease)
          join queue_recipients as r on r.recipient_id = named.id and r.lease = named.lease
         order by recipient_id for no key update of r)
      update queue_recipients as r set next_attempt_at = now() + make_interval(secs => ${this.leaseMs / 1_000})
        from mine where r.recipient_id = mine.recipient_id and r.lease = mine.lease
      returning r.recipient_id as id`;
    const ids = new Set(kept.map(({ id }) => id));
    return recipients.filter(({ id }) => !ids.has(id));
  }

  /** See takeCopies of queue-copies.ts. */
  async takeCopies(tx: Transaction, recipient: LeasedRecipient, accounts: readonly AccountId[]): Promise<CopiesTaken> {
    return await takeCopies(tx, recipient, accounts, this.leaseMs);
  }

  /** See copiesOf of queue-copies.ts. */
  async copiesOf(recipient: LeasedRecipient): Promise<ReadonlySet<AccountId>> {
    return await copiesOf(this.#sql, recipient);
  }

  /** Has the time go on that counts of lifetimes: to be called every minute while mail is sent. */
  async lookAtClock(): Promise<ClockLook> {
    return await lookAtClock(this.#sql);
  }

  /** Gives rows back of which nothing was tried, for nobody to take before a pause is over. */
  async giveBack(recipients: readonly LeasedRecipient[], pauseMs = 0): Promise<void> {
    if (recipients.length === 0) return;
    await this.#sql`
      update queue_recipients as r set next_attempt_at = now() + make_interval(secs => ${pauseMs / 1_000}), lease = null
        from unnest(${listOf(recipients, 'id')}::bigint[], ${listOf(recipients, 'lease')}::uuid[]) as mine (id, lease)
       where r.recipient_id = mine.id and r.lease = mine.lease`;
  }

  /**
   * Writes down what came of an attempt at recipients of one message, and queues what its sender is told of it, in one transaction. May be
   * repeated if its outcome is not known: what was written is not written again.
   */
  async settle(results: readonly Settled[], reports: readonly QueuedReport[]): Promise<void> {
    if (results.length === 0) return;
    await this.#settlements.add({ results, reports });
    if (reports.length > 0 || results.some(({ members }) => members.length > 0)) this.#tell();
  }

  /** One transaction for all: a commit of each would be most of what sending a message costs. */
  async #settleTogether(settlements: readonly Settlement[]): Promise<void> {
    const messages = [...new Set(settlements.map(messageOf))];
    const { events, withheld } = await this.#sql.begin(async (tx) => {
      // Who finishes the last one removes the octets, and of two at the same time one must be that.
      await tx`
        select from queue_messages where message_id = any(${textArray(messages)}::uuid[]) order by message_id for no key update`;
      const written = await writeResults(
        tx,
        settlements.flatMap(({ results }) => results),
      );
      const done = settlements.filter(({ results }) => results.some(({ recipient }) => written.has(recipient.id)));
      if (done.length === 0) return { events: { noted: 0, lost: 0 }, withheld: [] };
      const events = await noteEvents(tx, [...written]);
      for (const { results } of done) {
        for (const { recipient, members } of results) {
          if (written.has(recipient.id)) await insertMembers(tx, recipient, members);
        }
      }
      const withheld = await insertReports(
        tx,
        done.flatMap(({ reports }) => reports),
      );
      const here = done.flatMap(({ results }) => results).filter(isFinishedHere);
      await forgetCopies(
        tx,
        here.flatMap(({ recipient }) => (written.has(recipient.id) ? [recipient.id] : [])),
      );
      await removeFinished(tx, done.map(messageOf));
      return { events, withheld };
    });
    for (const report of withheld) this.#onWithheld(report);
    if (events.lost > 0) this.#onLostEvents(events.lost);
    if (events.noted > 0) void tellWebhooks(this.#sql).catch(() => {}); // a hint
  }

  /** Queues a DSN that tells of no attempt, if its sender may be told more in this hour. @throws {StorageError} */
  async report(report: QueuedReport): Promise<void> {
    let withheld: readonly WithheldReport[];
    try {
      withheld = await this.#sql.begin((tx) => insertReports(tx, [report]));
    } catch (error) {
      throw translateDatabaseError(error, true);
    }
    for (const report of withheld) this.#onWithheld(report);
    if (withheld.length === 0) this.#tell();
  }

  /** The octets of a message, in pieces. */
  async *read(message: string): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk = 0; ; chunk++) {
      const [row] = await this.#sql.read<{ octets: Buffer }[]>`
        select octets from queue_contents where message_id = ${message}::uuid and chunk = ${chunk}::integer`;
      if (row === undefined) return;
      yield row.octets;
    }
  }

  /** Until something is due, null if nothing is. */
  async nextDueMs(): Promise<number | null> {
    const [row] = await this.#sql.read<{ ms: number | null }[]>`
      select (extract(epoch from min(next_attempt_at) - now()) * 1000)::float8 as ms
        from queue_recipients where state = 'waiting'`;
    return row?.ms ?? null;
  }

  /** How many recipients there are by their state, without those that are finished, and how long the first has waited. */
  async figures(): Promise<{ readonly waiting: number; readonly held: number; readonly oldestMs: number }> {
    const [row] = await this.#sql.read<{ waiting: number; held: number; oldestMs: number }[]>`
      select count(*) filter (where r.state = 'waiting')::integer as waiting,
             count(*) filter (where r.state = 'held')::integer as held,
             greatest(coalesce(extract(epoch from now() - min(m.released_at) filter (where r.state = 'waiting')) * 1000, 0), 0)::float8 as "oldestMs"
        from queue_recipients as r join queue_messages as m using (message_id) where r.finished_at is null`;
    return row ?? { waiting: 0, held: 0, oldestMs: 0 };
  }

  /** Is told that something is due, or may be. @returns what ends that @throws {StorageError} 'unavailable' */
  async onDue(told: () => void): Promise<() => Promise<void>> {
    return await this.#listen(QUEUE_CHANNEL, { heard: told, listening: told });
  }

  /** Removes what is long finished, and octets that no message came to name. @returns how many recipients */
  async prune(): Promise<number> {
    await this.#sql.begin(async (tx) => {
      // Whoever names them meanwhile has waited for these locks, and finds them gone; who did before is seen by the second statement.
      const stray = await tx<{ message: string }[]>`
        select message_id as message from queue_contents as c
         where stored_at < now() - make_interval(secs => ${STRAY_CONTENT_MS / 1_000})
           and not exists (select from queue_messages as m where m.message_id = c.message_id)
         order by message_id, chunk limit ${PRUNED_AT_ONCE} for update`;
      await tx`
        delete from queue_contents as c
         where message_id = any(${textArray(stray.map(({ message }) => message))}::uuid[])
           and not exists (select from queue_messages as m where m.message_id = c.message_id)`;
    });
    let pruned = 0;
    for (let count = PRUNED_AT_ONCE; count === PRUNED_AT_ONCE; pruned += count) {
      ({ count } = await this.#sql`
        delete from queue_recipients where recipient_id in (
          select recipient_id from queue_recipients
           where finished_at < now() - make_interval(secs => ${HISTORY_MS / 1_000}) order by finished_at limit ${PRUNED_AT_ONCE})`);
    }
    await this.#sql`
      delete from queue_messages as m
       where queued_at < now() - make_interval(secs => ${HISTORY_MS / 1_000})
         and not exists (select from queue_recipients as r where r.message_id = m.message_id)`;
    await pruneReportCounts(this.#sql);
    return pruned;
  }

  async #requireFew(account: AccountId, more: number): Promise<void> {
    const { length } = await this.#sql.read`
      select from queue_recipients where account_id = ${account}::bigint and finished_at is null limit ${RECIPIENTS_AN_ACCOUNT}`;
    if (length + more <= RECIPIENTS_AN_ACCOUNT) return;
    throw new StorageError('over-quota', `${RECIPIENTS_AN_ACCOUNT} recipients of the account wait in the queue`);
  }

  /** A hint, after the commit and for nobody to wait for: who takes rows looks from time to time anyway. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    void tellQueue(this.#sql)
      .catch(() => {})
      .finally(() => {
        this.#isTelling = false;
      });
  }
}

/** SQLSTATEs that pass and are about some row: deadlock, lock_timeout, statement_timeout. */
const OF_SOME_ROW = /^(40...|55P03|57014)$/;

/** The database is away, or cannot do anything now. */
function isOfDatabase(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && OF_SOME_ROW.test(String(error.code))) return false;
  return translateDatabaseError(error) instanceof StorageError;
}

/** By no route: it was for somebody here. */
function isFinishedHere({ outcome, route }: Settled): boolean {
  return outcome.type !== 'deferred' && route === null;
}

function messageOf({ results }: Settlement): string {
  return results[0]?.recipient.message.id ?? '';
}

type LeasedRow = Omit<LeasedRecipient, 'message' | 'lease' | 'notify'> &
  Omit<QueuedMessage, 'id' | 'envelope' | 'signers'> &
  QueuedEnvelope & { readonly messageId: string; readonly notify: string | null; readonly signers: string };

function leased(row: LeasedRow, lease: string, octets: Buffer | undefined): LeasedRecipient {
  const {
    tellsSender,
    messageId,
    name,
    account,
    queuedAt,
    releasedAt,
    sizeOctets,
    is8bit,
    hasUtf8Header,
    isBinary,
    isTlsOptional,
  } = row;
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = row;
  const { id, forwardPath, domain, alias, listFields, originalRecipient, attempts, wasToldOfDelay, isBulk } = row;
  const { ageMs, pinnedRoute, ending } = row;
  const envelope = { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest };
  const signers = row.signers === '' ? [] : row.signers.split(',');
  const traits = { is8bit, hasUtf8Header, isBinary, isTlsOptional, ...(octets !== undefined && { octets }) };
  const times = { queuedAt, releasedAt };
  const message = { id: messageId, name, account, ...times, envelope, sizeOctets, ...traits, signers, tellsSender };
  const notify = row.notify?.split(',') ?? null;
  const path = { forwardPath, domain, alias, listFields, notify, originalRecipient };
  return { id, lease, ...path, attempts, ageMs, wasToldOfDelay, isBulk, pinnedRoute, ending, message };
}

/** The octets of those that are small: asked for one by one they cost more than they weigh. */
async function readSmall(tx: Transaction, rows: readonly LeasedRow[]): Promise<ReadonlyMap<string, Buffer>> {
  const small = rows.filter(({ sizeOctets }) => sizeOctets <= SMALL_MESSAGE_OCTETS).map(({ messageId }) => messageId);
  if (small.length === 0) return new Map();
  const contents = await tx<{ id: string; octets: Buffer }[]>`
    select message_id as id, octets from queue_contents
     where message_id = any(${textArray([...new Set(small)])}::uuid[]) and chunk = 0`;
  return new Map(contents.map(({ id, octets }) => [id, octets]));
}

function listOf<Key extends string>(rows: readonly Readonly<Record<Key, string | number>>[], key: Key): string {
  return `{${rows.map((row) => row[key]).join(',')}}`;
}

async function* gathered(
  prefix: Buffer,
  content: Pick<Content, 'read' | 'sizeOctets'>,
): AsyncGenerator<Buffer, void, undefined> {
  let pieces: Buffer[] = [prefix];
  let octets = prefix.length;
  for await (const piece of content.read(0, content.sizeOctets)) {
    pieces.push(piece);
    octets += piece.length;
    if (octets < CHUNK_OCTETS) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    octets = 0;
  }
  if (octets > 0) yield Buffer.concat(pieces);
}

async function storeChunk(sql: Sql | Transaction, id: string, chunk: number, octets: Buffer): Promise<void> {
  await sql`
    insert into queue_contents (message_id, chunk, octets) values (${id}::uuid, ${chunk}::integer, ${octets}::bytea)`;
}

/** Octets that seemed stray, to a clock that jumped, are gone. @throws {StorageError} 'unavailable' */
async function requireOctets(tx: Transaction, id: string, sizeOctets: number): Promise<void> {
  const [kept] = await tx<{ octets: number }[]>`
    select coalesce(sum(octets), 0)::float8 as octets
      from (select octet_length(octets) as octets from queue_contents where message_id = ${id}::uuid for share) as chunks`;
  if (kept?.octets === sizeOctets) return;
  throw new StorageError('unavailable', 'octets of a message were removed while it was being queued');
}

async function insertMessage(
  tx: Transaction,
  id: string,
  message: Omit<NewMessage, 'prefix'>,
  { traits, sizeOctets }: { readonly traits: MessageTraits; readonly sizeOctets: number },
): Promise<void> {
  const { name, account, envelope, signers, tellsSender, recipients, waitMs, releaseAt } = message;
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = envelope;
  const release = releaseAt?.toISOString() ?? null;
  const isBulk = traits.isBulk || recipients.length >= BULK_RECIPIENTS;
  await tx`
    insert into queue_messages
           (message_id, name, account_id, reverse_path, size_octets, is_8bit, has_utf8_header, is_binary, is_utf8, requires_tls,
            envelope_id, return_content, submitter, release_request, signers, tells_sender, is_tls_optional, header_message_id, released_at)
    values (${id}::uuid, ${name}, ${account}::bigint, ${reversePath}, ${sizeOctets}::bigint, ${traits.is8bit}, ${traits.hasUtf8Header},
            ${traits.isBinary}, ${isUtf8}, ${requiresTls}, ${envelopeId}::text, ${returnContent}::text, ${submitter}::text,
            ${releaseRequest}::text, ${textArray(signers)}::text[], ${tellsSender}, ${traits.isTlsOptional}, ${traits.messageId}::text,
            coalesce(${release}::timestamptz, now()))`;
  await tx`
    insert into queue_recipients
           (message_id, account_id, forward_path, domain, alias, list_fields, is_bulk, notify, original_recipient, next_attempt_at)
    select ${id}::uuid, ${account}::bigint, forward_path, domain, alias, nullif(list_fields, ''), ${isBulk} or list_fields <> '', string_to_array(notify, ','), original_recipient,
           greatest(now() + make_interval(secs => ${waitMs / 1_000}), ${release}::timestamptz)
      from ${namedRecipients(tx, recipients)}`;
  await applyHoldRules(tx, id, null);
}

function namedRecipients(tx: Transaction, recipients: readonly NewRecipient[]) {
  return tx`
    unnest(${textArray(recipients.map(({ forwardPath }) => forwardPath))}::text[],
           ${textArray(recipients.map(({ forwardPath }) => domainOf(forwardPath)))}::text[],
           ${textArray(recipients.map(({ alias }) => alias))}::text[],
           ${textArray(recipients.map(({ listFields }) => listFields))}::text[],
           ${textArray(recipients.map(({ notify }) => notify?.join(',') ?? null))}::text[],
           ${textArray(recipients.map(({ originalRecipient }) => originalRecipient))}::text[])
      as named (forward_path, domain, alias, list_fields, notify, original_recipient)`;
}

/** Those for whom a recipient stands get the message as it is, but who gets it already. */
async function insertMembers(
  tx: Transaction,
  { id, isBulk, message }: LeasedRecipient,
  members: readonly NewRecipient[],
): Promise<void> {
  if (members.length === 0) return;
  const bulk = isBulk || members.length >= BULK_RECIPIENTS;
  await tx`
    insert into queue_recipients
           (message_id, account_id, forward_path, domain, alias, list_fields, is_bulk, notify, original_recipient)
    select ${message.id}::uuid, ${message.account}::bigint, forward_path, domain, alias, nullif(list_fields, ''), ${bulk} or list_fields <> '',
           string_to_array(notify, ','), original_recipient
      from ${namedRecipients(tx, members)}
     where not exists (select from queue_recipients as r
                        where r.message_id = ${message.id}::uuid and r.domain = named.domain
                          and left(r.forward_path, -strpos(reverse(r.forward_path), '@'))
                            = left(named.forward_path, -strpos(reverse(named.forward_path), '@')))`;
  await applyHoldRules(tx, message.id, id);
}

/** Queues a DSN in a transaction of somebody else's; `tellQueue` is for after it. @returns why it does not go; null: it does */
export async function queueReport(tx: Transaction, report: QueuedReport): Promise<WithheldReport | null> {
  const [withheld = null] = await insertReports(tx, [report]);
  return withheld;
}

/** @returns those that do not go */
async function insertReports(tx: Transaction, reports: readonly QueuedReport[]): Promise<readonly WithheldReport[]> {
  const { admitted, withheld } = await sortReports(tx, reports);
  for (const report of admitted) await insertReport(tx, report);
  return withheld.map(({ report: { about }, limit }) => ({
    name: about.name,
    reversePath: about.reversePath,
    limit,
  }));
}

/** From the null reverse-path, so that nothing is ever told of what becomes of it: RFC 3461 §5.2. */
async function insertReport(tx: Transaction, { octets, about }: QueuedReport): Promise<void> {
  const { name, reversePath, requiresTls, hostname } = about;
  const id = randomUUID();
  const said = {
    isUtf8: true,
    requiresTls,
    envelopeId: null,
    returnContent: null,
    submitter: null,
    releaseRequest: null,
  };
  const recipient = {
    forwardPath: reversePath,
    notify: ['NEVER'],
    originalRecipient: null,
    alias: null,
    listFields: '',
  };
  const message = {
    name: `${name}-report`,
    account: null,
    envelope: { reversePath: '', ...said },
    mayBeBinary: false,
    signers: [hostname],
    tellsSender: true,
    recipients: [recipient],
    waitMs: 0,
    releaseAt: null,
  };
  const headerEnd = octets.indexOf('\r\n\r\n');
  const traits = new MessageTraits(headerEnd === -1 ? octets.length : headerEnd, false);
  traits.push(octets);
  for (let start = 0, chunk = 0; start < octets.length; start += CHUNK_OCTETS) {
    await storeChunk(tx, id, chunk++, octets.subarray(start, start + CHUNK_OCTETS));
  }
  await insertMessage(tx, id, message, { traits, sizeOctets: octets.length });
}

/** @returns the numbers of those that were written: not of whom the lease was lost, or who were written before */
async function writeResults(tx: Transaction, results: readonly Settled[]): Promise<ReadonlySet<number>> {
  const isOver = ({ outcome }: Settled) => outcome.type !== 'deferred';
  const pauseMs = ({ outcome }: Settled) => (outcome.type === 'deferred' ? outcome.pauseMs : 0);
  const tellsDelay = ({ outcome }: Settled) => outcome.type === 'deferred' && outcome.tellsDelay;
  const list = (of: (result: Settled) => string | number | boolean) => `{${results.map(of).join(',')}}`;
  // In the order of their numbers, as whoever else takes several: none waits for another that waits for it.
  const written = await tx<{ id: number }[]>`
    with result as materialized (
      select r.recipient_id, named.*
        from unnest(${list(({ recipient }) => recipient.id)}::bigint[], ${list(({ recipient }) => recipient.lease)}::uuid[],
                    ${list(({ outcome }) => outcome.type)}::text[], ${list(isOver)}::boolean[], ${list(pauseMs)}::float8[],
                    ${list(tellsDelay)}::boolean[], ${textArray(results.map(({ status }) => status))}::text[],
                    ${textArray(results.map(({ reply }) => reply.slice(0, REPLY_CHARACTERS)))}::text[],
                    ${textArray(results.map(({ mta }) => mta))}::text[], ${textArray(results.map(({ route }) => route))}::text[])
          as named (id, lease, type, is_over, pause_ms, tells_delay, status, reply, mta, route)
        join queue_recipients as r on r.recipient_id = named.id and r.lease = named.lease
       order by r.recipient_id for no key update of r),
    written as (
      update queue_recipients as r
         set state = case when result.is_over then result.type else 'waiting' end, lease = null, attempts = attempts + 1,
             last_attempt_at = now(), next_attempt_at = now() + make_interval(secs => result.pause_ms / 1000),
             last_status = result.status, last_reply = result.reply, last_mta = result.mta, last_route = result.route,
             delay_told_at = case when result.tells_delay then now() else delay_told_at end,
             finished_at = case when result.is_over then now() end
        from result where r.recipient_id = result.recipient_id and r.lease = result.lease
      returning r.recipient_id, r.next_attempt_at)
    insert into queue_events (recipient_id, type, status, reply, mta, route, next_attempt_at)
    select recipient_id, type, status, reply, mta, route, case when not is_over then next_attempt_at end
      from written join result using (recipient_id)
    returning recipient_id as id`;
  return new Set(written.map(({ id }) => id));
}

/** Nobody needs the octets of messages any more that are done with. */
export async function removeFinished(tx: Transaction, messages: readonly string[]): Promise<void> {
  await tx`
    delete from queue_contents as c
     where message_id = any(${textArray(messages)}::uuid[])
       and not exists (select from queue_recipients as r where r.message_id = c.message_id and finished_at is null)`;
}
