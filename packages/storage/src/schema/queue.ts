/** The queue: messages, recipients and what was tried, and what of it is held (packages/queue). */
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { at, bytea, id, octets, texts } from './columns.ts';

/** Mail that goes to other servers: what its recipients have in common (packages/queue). */
export const queueMessages = pgTable(
  'queue_messages',
  {
    messageId: uuid('message_id').primaryKey(),
    /** As the reply and the log named it when it was taken. */
    name: text('name').notNull(),
    /** Whose it is; null if it came from elsewhere, or is a report. It may have been removed since. */
    accountId: id('account_id'),
    queuedAt: at('queued_at').notNull().defaultNow(),
    /** Its lifetime counts from here: it was queued, or is held until then (RFC 4865). */
    releasedAt: at('released_at').notNull().defaultNow(),
    /** '' for none. */
    reversePath: text('reverse_path').notNull(),
    sizeOctets: octets('size_octets').notNull(),
    /** What its octets are like: RFC 6152, RFC 6532, RFC 3030. */
    is8bit: boolean('is_8bit').notNull(),
    hasUtf8Header: boolean('has_utf8_header').notNull(),
    isBinary: boolean('is_binary').notNull(),
    /** What its sender said: RFC 6531, RFC 8689, RFC 3461, RFC 4954 §5. */
    isUtf8: boolean('is_utf8').notNull(),
    requiresTls: boolean('requires_tls').notNull(),
    envelopeId: text('envelope_id'),
    returnContent: text('return_content'),
    submitter: text('submitter'),
    /** Its Message-ID, with the angle brackets. */
    headerMessageId: text('header_message_id'),
    /** RFC 4865 §5.1.2. */
    releaseRequest: text('release_request'),
    /** Domains whose keys sign it. */
    signers: texts('signers').notNull().default([]),
    /** Not where nobody knows whether it is its sender's. */
    tellsSender: boolean('tells_sender').notNull().default(true),
    /** It goes in the clear rather than not at all (RFC 8689 §3). */
    isTlsOptional: boolean('is_tls_optional').notNull().default(false),
  },
  (table) => [index('queue_messages_name').on(table.name)],
);

/** Its octets, in pieces, which are stored before the row that makes them count. */
export const queueContents = pgTable(
  'queue_contents',
  {
    messageId: uuid('message_id').notNull(),
    chunk: integer('chunk').notNull(),
    octets: bytea('octets').notNull(),
    storedAt: at('stored_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.messageId, table.chunk] })],
);

/** Its recipients, and what became of them. Those that are finished stay for some days. */
export const queueRecipients = pgTable(
  'queue_recipients',
  {
    recipientId: id('recipient_id').primaryKey().generatedAlwaysAsIdentity(),
    messageId: uuid('message_id').notNull(),
    /** Of the message, so that what an account has in the queue can be counted. */
    accountId: id('account_id'),
    forwardPath: text('forward_path').notNull(),
    /** Where it goes: of A-labels, or an address literal. */
    domain: text('domain').notNull(),
    /** The alias that it is a member of, in canonical form. */
    alias: text('alias'),
    notify: texts('notify'),
    originalRecipient: text('original_recipient'),
    /** Others come first. */
    isBulk: boolean('is_bulk').notNull().default(false),
    /** That stand before the message, each with its CRLF. */
    listFields: text('list_fields'),
    state: text('state').notNull().default('waiting'),
    /** While somebody has a lease: when that ends. */
    nextAttemptAt: at('next_attempt_at').notNull().defaultNow(),
    lease: uuid('lease'),
    attempts: integer('attempts').notNull().default(0),
    lastAttemptAt: at('last_attempt_at'),
    lastStatus: text('last_status'),
    lastReply: text('last_reply'),
    lastMta: text('last_mta'),
    delayToldAt: at('delay_told_at'),
    finishedAt: at('finished_at'),
    /** The rule that holds it. */
    heldBy: id('held_by'),
    /** By which route it is to go, whatever rules say; null: as they say. And by which the last attempt was made. Names. */
    pinnedRoute: text('pinned_route'),
    lastRoute: text('last_route'),
    /** What queue_clock said when it was taken first, or first after it was released. */
    triedSinceMs: id('tried_since_ms'),
  },
  (table) => [
    foreignKey({ columns: [table.messageId], foreignColumns: [queueMessages.messageId] }).onDelete('cascade'),
    check('queue_recipients_state', sql`${table.state} in ('waiting', 'held', 'delivered', 'failed', 'dropped')`),
    index('queue_recipients_due').on(table.nextAttemptAt).where(sql`state = 'waiting'`),
    index('queue_recipients_bulk_due').on(table.isBulk, table.nextAttemptAt).where(sql`state = 'waiting'`),
    index('queue_recipients_message').on(table.messageId),
    index('queue_recipients_account').on(table.accountId).where(sql`finished_at is null`),
    index('queue_recipients_finished').on(table.finishedAt).where(sql`finished_at is not null`),
    index('queue_recipients_sent').on(table.accountId, table.recipientId).where(sql`account_id is not null`),
  ],
);

/** What was tried with each recipient, and done to it. */
export const queueEvents = pgTable(
  'queue_events',
  {
    eventId: id('event_id').primaryKey().generatedAlwaysAsIdentity(),
    recipientId: id('recipient_id').notNull(),
    happenedAt: at('happened_at').notNull().defaultNow(),
    type: text('type').notNull(),
    status: text('status'),
    reply: text('reply'),
    mta: text('mta'),
    /** As it was planned then. */
    nextAttemptAt: at('next_attempt_at'),
    /** By its name. */
    route: text('route'),
  },
  (table) => [
    foreignKey({ columns: [table.recipientId], foreignColumns: [queueRecipients.recipientId] }).onDelete('cascade'),
    check(
      'queue_events_type',
      sql`${table.type} in ('deferred', 'delivered', 'failed', 'held', 'released', 'retried', 'dropped', 'routed')`,
    ),
    index('queue_events_recipient').on(table.recipientId),
    index('queue_events_deferred').on(table.happenedAt).where(sql`type = 'deferred'`),
  ],
);

/** Who of several here has a copy already, or has one waiting, of what the queue still delivers. */
export const queueCopies = pgTable(
  'queue_copies',
  {
    recipientId: id('recipient_id').notNull(),
    accountId: id('account_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.recipientId, table.accountId] }),
    foreignKey({ columns: [table.recipientId], foreignColumns: [queueRecipients.recipientId] }).onDelete('cascade'),
  ],
);

/** What of the queue is held: of a reverse-path, for a domain, or of an account (its number). */
export const queueHoldRules = pgTable(
  'queue_hold_rules',
  {
    ruleId: id('rule_id').primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    value: text('value').notNull(),
    reason: text('reason').notNull(),
    addedAt: at('added_at').notNull().defaultNow(),
  },
  (table) => [
    unique('queue_hold_rules_unique').on(table.kind, table.value),
    check('queue_hold_rules_kind', sql`${table.kind} in ('sender', 'domain', 'account')`),
  ],
);

/** Addresses at other servers that get nothing, by canonical address. */
export const queueSuppressions = pgTable('queue_suppressions', {
  address: text('address').primaryKey(),
  reason: text('reason').notNull(),
  addedAt: at('added_at').notNull().defaultNow(),
});

/** One row: how much time has gone by in which mail was being sent, and when that was last looked at. */
export const queueClock = pgTable(
  'queue_clock',
  {
    isOne: boolean('is_one').primaryKey().default(true),
    countedMs: id('counted_ms').notNull(),
    seenAt: at('seen_at').notNull(),
  },
  (table) => [check('queue_clock_is_one', sql`${table.isOne}`)],
);

/** How many reports have gone to an address, or to a domain ("@" before it), in an hour of the clock. */
export const queueReportCounts = pgTable(
  'queue_report_counts',
  {
    target: text('target').notNull(),
    hour: at('hour').notNull(),
    reports: integer('reports').notNull(),
  },
  (table) => [primaryKey({ columns: [table.target, table.hour] }), index('queue_report_counts_hour').on(table.hour)],
);
