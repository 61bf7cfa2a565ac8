/** Events of sending, and where they are brought to. */
import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { at, bytea, id } from './columns.ts';

/** Where events of sending are brought to (packages/directory; docs/webhooks.md). */
export const webhooks = pgTable(
  'webhooks',
  {
    webhookId: id('webhook_id').primaryKey().generatedAlwaysAsIdentity(),
    /** Whose mail it is about; null: everybody's. */
    accountId: id('account_id'),
    url: text('url').notNull(),
    /** By which events are signed; null: it is sealed. */
    secret: text('secret'),
    /** By the key in the data directory (packages/routes). */
    sealedSecret: bytea('sealed_secret'),
    events: text('events').array().notNull(),
    /** It may have an address that nobody in the world has, and no TLS. */
    allowsPrivate: boolean('allows_private').notNull(),
    addedAt: at('added_at').notNull().defaultNow(),
    takenAt: at('taken_at'),
    lastFailure: text('last_failure'),
    failedAt: at('failed_at'),
    /** Nothing is brought since then. */
    pausedAt: at('paused_at'),
  },
  (table) => [
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
    index('webhooks_account').on(table.accountId),
    check('webhooks_secret', sql`num_nonnulls(${table.secret}, ${table.sealedSecret}) = 1`),
  ],
);

/** Events that wait to be brought (packages/queue). */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    eventId: id('event_id').primaryKey().generatedAlwaysAsIdentity(),
    webhookId: id('webhook_id').notNull(),
    happenedAt: at('happened_at').notNull().defaultNow(),
    /** JSON. */
    body: text('body').notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: at('next_attempt_at').notNull().defaultNow(),
    lease: uuid('lease'),
  },
  (table) => [
    foreignKey({ columns: [table.webhookId], foreignColumns: [webhooks.webhookId] }).onDelete('cascade'),
    index('webhook_events_webhook').on(table.webhookId),
    index('webhook_events_due').on(table.nextAttemptAt),
  ],
);
