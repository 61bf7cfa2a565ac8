import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from './change-record.ts';

export const WEBHOOK_EVENTS = ['delivered', 'delayed', 'failed'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** A webhook as it is declared: what does not change by use, without its secret. */
export type WebhookState = {
  /** Whose mail it is about; null: everybody's. */
  readonly account: string | null;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly allowsPrivate: boolean;
  readonly isPaused: boolean;
};

interface NamedWebhook {
  readonly id: number;
  readonly name: string;
  readonly state: WebhookState;
}

/**
 * What webhooks are told apart by where they have no numbers, in a file: whose they are and where they lead to; of several that are alike, the
 * how many-th it is.
 */
export function nameWebhooks<Webhook extends Pick<WebhookState, 'account' | 'url'>>(
  webhooks: Iterable<Webhook>,
): readonly (readonly [name: string, webhook: Webhook])[] {
  const seen = new Map<string, number>();
  return [...webhooks].map((webhook) => {
    const name = `${webhook.url} of ${webhook.account ?? 'everybody'}`;
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return [nth === 1 ? name : `${name}, ${nth}`, webhook] as const;
  });
}

/** All of them, sorted by their names. */
export async function selectWebhookStates(sql: Sql['read'] | Transaction): Promise<readonly NamedWebhook[]> {
  const rows = await sql<(Omit<WebhookState, 'events'> & { id: number; events: string })[]>`
    select w.webhook_id as id, a.name as account, w.url, array_to_string(w.events, ',') as events,
           w.allows_private as "allowsPrivate", w.paused_at is not null as "isPaused"
      from webhooks as w left join accounts as a using (account_id) order by w.webhook_id`;
  return nameWebhooks(rows)
    .map(([name, { id, events, ...state }]) => ({ id, name, state: { ...state, events: eventsIn(events) } }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A webhook as a subject of changes: with what it is, without its secret. */
export function webhookSubject(id: number): Subject {
  return {
    kind: 'webhook',
    name: String(id),
    async read(tx) {
      const [row] = await tx<(Omit<WebhookState, 'events'> & { events: string; secret: string })[]>`
        select a.name as account, w.url, array_to_string(w.events, ',') as events, w.allows_private as "allowsPrivate",
               w.paused_at is not null as "isPaused",
               left(encode(sha256(coalesce(w.sealed_secret, convert_to(w.secret, 'UTF8'))), 'hex'), 8) as secret
          from webhooks as w left join accounts as a using (account_id) where w.webhook_id = ${id}::bigint`;
      return row === undefined ? null : { ...row, events: eventsIn(row.events) };
    },
  };
}

/** In the one order in which they are said. */
export const eventsIn = (text: string): readonly WebhookEvent[] =>
  WEBHOOK_EVENTS.filter((event) => text.split(',').includes(event));
