import { randomUUID } from 'node:crypto';
import {
  type AccountId,
  type Content,
  contentChunks,
  type Database,
  type Sql,
  StorageError,
  type Transaction,
  textArray,
  translateDatabaseError,
} from '@postel/storage';
import { insertMembers, insertMessage } from './insert-message.ts';
import { insertReports, type QueuedReport, type WithheldReport } from './insert-reports.ts';
import { LEASE_MS, RECIPIENTS_AN_ACCOUNT } from './limits.ts';
import { requireOctets, storeChunk } from './message-chunks.ts';
import { MessageTraits } from './message-traits.ts';
import { pruneQueue } from './prune-queue.ts';
import { type ClockLook, lookAtClock } from './queue-clock.ts';
import { type CopiesTaken, copiesOf, forgetCopies, takeCopies } from './queue-copies.ts';
import type { LeasedRecipient, NewMessage, Settled } from './queue-rows.ts';
import { SharedWrites } from './shared-writes.ts';
import { takeRecipients } from './take-recipients.ts';
import { QUEUE_CHANNEL, tellQueue } from './tell-queue.ts';
import { noteEvents, tellWebhooks } from './webhook-events.ts';
import { removeFinished, writeResults } from './write-results.ts';

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
      for await (const octets of contentChunks(content, prefix)) {
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
    const { leaseMs } = this;
    return await this.#sql.begin((tx) => takeRecipients(tx, { limit, except, bulkLimit, leaseMs }));
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

  /** See pruneQueue. */
  async prune(): Promise<number> {
    return await pruneQueue(this.#sql);
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

function listOf<Key extends string>(rows: readonly Readonly<Record<Key, string | number>>[], key: Key): string {
  return `{${rows.map((row) => row[key]).join(',')}}`;
}
