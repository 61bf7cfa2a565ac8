import { randomUUID } from 'node:crypto';
import type { Database, Sql, Transaction } from '@postel/storage';
import { numberArray } from '@postel/storage';
import { JITTER, WEBHOOK } from './limits.ts';

const WEBHOOK_CHANNEL = 'postel_webhooks';

/** An event that somebody has a lease of, and whom it is for. */
export interface LeasedEvent {
  /** Ascends in the order in which things happened, or nearly; one number for all events of the installation. */
  readonly sequence: number;
  readonly webhook: number;
  readonly url: string;
  /** By which it is to be signed: sealed (packages/routes), or in the clear, as it was stored before it could be sealed. */
  readonly clearSecret: string | null;
  readonly sealedSecret: Buffer | null;
  /** It may go to addresses that nobody in the world has, and in the clear. */
  readonly allowsPrivate: boolean;
  /** JSON. */
  readonly body: string;
  /** With this one. */
  readonly attempts: number;
  readonly lease: string;
}

/** What came of bringing an event. */
export type EventOutcome =
  | { readonly type: 'taken' }
  /** @param isForGood it wants no more of them */
  | { readonly type: 'failed'; readonly reason: string; readonly isForGood: boolean };

/**
 * Notes what became of recipients, for webhooks that want to hear of it, in the transaction that writes it down: it is brought once that is
 * committed, and never otherwise. Of what came from the null reverse-path nobody hears; of those behind an alias, an account knows the alias
 * alone, and nothing of what other servers said, which may name them.
 *
 * @returns how many events, and how many were not noted, because too many wait for their webhook
 */
export async function noteEvents(
  tx: Transaction,
  recipients: readonly number[],
): Promise<{ readonly noted: number; readonly lost: number }> {
  const [row] = await tx<{ noted: number; lost: number }[]>`
    with wanted as materialized (
    select w.webhook_id, r.recipient_id,
           (select count(*) from (select from webhook_events as o where o.webhook_id = w.webhook_id limit ${WEBHOOK.waiting}) as waiting)
             >= ${WEBHOOK.waiting} as is_full,
           jsonb_build_object(
             'event', e.type, 'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             'id', m.name, 'messageId', m.header_message_id, 'envelopeId', m.envelope_id, 'account', a.name,
             'sender', m.reverse_path, 'recipient', case when k.is_hidden then r.alias else r.forward_path end,
             'originalRecipient', r.original_recipient, 'status', r.last_status,
             'reply', case when not k.is_hidden then r.last_reply end, 'mta', case when not k.is_hidden then r.last_mta end,
             'attempts', r.attempts,
             'nextAttemptAt', case when e.type = 'delayed'
                                   then to_char(r.next_attempt_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end)::text as body
      from queue_recipients as r
      join queue_messages as m using (message_id)
      left join accounts as a on a.account_id = m.account_id
     cross join lateral (select case r.state when 'delivered' then 'delivered' when 'failed' then 'failed' else 'delayed' end as type) as e
      join webhooks as w on (w.account_id is null or w.account_id = m.account_id) and e.type = any(w.events) and w.paused_at is null
     cross join lateral (select w.account_id is not null and r.alias is not null as is_hidden) as k
     where r.recipient_id = any(${numberArray(recipients)}::bigint[]) and m.reverse_path <> ''),
    noted as (
    insert into webhook_events (webhook_id, body) select webhook_id, body from wanted where not is_full order by recipient_id)
    select count(*) filter (where not is_full)::integer as noted, count(*) filter (where is_full)::integer as lost from wanted`;
  return row ?? { noted: 0, lost: 0 };
}

/** Wakes everybody who brings events. */
export async function tellWebhooks(sql: Sql): Promise<void> {
  await sql`select pg_notify(${WEBHOOK_CHANNEL}, '')`;
}

/** Events that wait to be brought. */
export class WebhookEvents {
  readonly #sql: Sql;
  readonly #listen: Database['listen'];

  constructor({ sql, listen }: Pick<Database, 'sql' | 'listen'>) {
    this.#sql = sql;
    this.#listen = listen;
  }

  /**
   * Takes events that are due: nobody else gets them before their lease ends. Webhooks come in no order, so that none is always the last.
   *
   * @param rooms how many a webhook may have, of those that may not have `WEBHOOK.atOnce`
   */
  async take(limit: number, rooms: ReadonlyMap<number, number> = new Map()): Promise<readonly LeasedEvent[]> {
    const lease = randomUUID();
    return await this.#sql.begin(async (tx) => {
      const due = await tx<{ id: number }[]>`
        select e.event_id as id
          from (select w.webhook_id, coalesce(r.room, ${WEBHOOK.atOnce}::integer) as room
                  from webhooks as w
                  left join unnest(${numberArray(rooms.keys())}::bigint[], ${numberArray(rooms.values())}::integer[]) as r (webhook_id, room)
                    using (webhook_id)
                 where w.paused_at is null order by random()) as w
         cross join lateral (
           select event_id from webhook_events
            where webhook_id = w.webhook_id and next_attempt_at <= now()
            order by next_attempt_at, event_id limit w.room for update skip locked) as e
         limit ${limit}`;
      if (due.length === 0) return [];
      const ids = numberArray(due.map(({ id }) => id));
      await tx`
        update webhook_events set lease = ${lease}::uuid, attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${WEBHOOK.leaseMs / 1_000})
         where event_id = any(${ids}::bigint[])`;
      return await tx<LeasedEvent[]>`
        select event_id as sequence, webhook_id as webhook, w.url, w.secret as "clearSecret", w.sealed_secret as "sealedSecret", w.allows_private as "allowsPrivate", body, attempts,
               lease::text as lease
          from webhook_events join webhooks as w using (webhook_id) where event_id = any(${ids}::bigint[]) order by event_id`;
    });
  }

  /**
   * Writes down what came of it. What is not taken comes again, for a day; a webhook that has taken nothing for as long is paused, and what
   * waits for it removed.
   *
   * @returns whether it is paused now
   */
  async settle({ sequence, webhook, lease, attempts }: LeasedEvent, outcome: EventOutcome): Promise<boolean> {
    const jitter = 1 + JITTER * (2 * Math.random() - 1);
    const pauseMs = Math.min(WEBHOOK.firstPauseMs * 2 ** Math.min(attempts - 1, 20), WEBHOOK.longestPauseMs) * jitter;
    return await this.#sql.begin(async (tx) => {
      // Before its events, as a change of the webhook takes them: nobody waits for one who waits for them.
      const [known] = await tx`select from webhooks where webhook_id = ${webhook}::bigint for no key update`;
      if (known === undefined) return false;
      if (outcome.type === 'taken') {
        await tx`delete from webhook_events where event_id = ${sequence}::bigint and lease = ${lease}::uuid`;
        await tx`update webhooks set taken_at = now(), last_failure = null where webhook_id = ${webhook}::bigint`;
        return false;
      }
      const { reason, isForGood } = outcome;
      const [event] = await tx<{ isOver: boolean }[]>`
        update webhook_events set lease = null, next_attempt_at = now() + make_interval(secs => ${pauseMs / 1_000})
         where event_id = ${sequence}::bigint and lease = ${lease}::uuid
        returning happened_at < now() - make_interval(secs => ${WEBHOOK.lifetimeMs / 1_000}) as "isOver"`;
      if (event === undefined) return false;
      if (event.isOver) await tx`delete from webhook_events where event_id = ${sequence}::bigint`;
      const [paused] = await tx<{ isPaused: boolean }[]>`
        update webhooks set failed_at = now(), last_failure = ${reason.slice(0, WEBHOOK.reasonCharacters)},
               paused_at = case when ${isForGood} or (${event.isOver} and coalesce(taken_at, added_at) < now() - make_interval(secs => ${WEBHOOK.lifetimeMs / 1_000}))
                                then now() end
         where webhook_id = ${webhook}::bigint and paused_at is null returning paused_at is not null as "isPaused"`;
      if (paused?.isPaused !== true) return false;
      await tx`delete from webhook_events where webhook_id = ${webhook}::bigint`;
      return true;
    });
  }

  /**
   * Until something is due, null if nothing is.
   *
   * @param except webhooks that may have none now
   */
  async nextDueMs(except: Iterable<number> = []): Promise<number | null> {
    const [row] = await this.#sql.read<{ ms: number | null }[]>`
      select (extract(epoch from min(next_attempt_at) - now()) * 1000)::float8 as ms
        from webhook_events as e join webhooks as w using (webhook_id)
       where w.paused_at is null and webhook_id <> all(${numberArray(except)}::bigint[])`;
    return row?.ms ?? null;
  }

  /**
   * Is told that something is due, or may be.
   *
   * @param told with the webhook that somebody tries, if it is that
   * @returns what ends that @throws {StorageError} 'unavailable'
   */
  async onDue(told: (tried: number | null) => void): Promise<() => Promise<void>> {
    const heard = (payload: string) => told(payload === '' ? null : Number(payload));
    return await this.#listen(WEBHOOK_CHANNEL, { heard, listening: () => told(null) });
  }
}

/** Has an event of no mail be brought to a webhook, to try it, before all others that wait for it. @returns its number */
export async function noteTestEvent(sql: Sql, webhook: number): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    insert into webhook_events (webhook_id, body, next_attempt_at)
    values (${webhook}::bigint, jsonb_build_object('event', 'test', 'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text,
            'epoch')
    returning event_id as id`;
  await sql`select pg_notify(${WEBHOOK_CHANNEL}, ${String(webhook)})`;
  return row?.id ?? 0;
}

/** @returns whether it was taken; null as long as nothing was tried */
export async function isEventTaken(sql: Sql, sequence: number): Promise<boolean | null> {
  const [row] = await sql.read<{ isTried: boolean }[]>`
    select attempts > 0 and lease is null as "isTried" from webhook_events where event_id = ${sequence}::bigint`;
  if (row === undefined) return true;
  return row.isTried ? false : null;
}

/** It is not brought again. */
export async function removeEvent(sql: Sql, sequence: number): Promise<void> {
  await sql`delete from webhook_events where event_id = ${sequence}::bigint`;
}
