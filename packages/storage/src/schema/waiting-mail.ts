/** Mail that was accepted and is not in its mailbox yet: its account cannot take it, or its time has not come. */
import { boolean, index, integer, jsonb, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { at, bytea, id, inet, octets } from './columns.ts';

/** Copies of messages that were accepted while their account could not take them (waiting-deliveries.ts). */
export const waitingDeliveries = pgTable(
  'waiting_deliveries',
  {
    accountId: id('account_id').notNull(),
    deliveryId: uuid('delivery_id').notNull().defaultRandom(),
    /** Null: INBOX. */
    mailboxId: id('mailbox_id'),
    systemFlags: smallint('system_flags').notNull(),
    internalDate: at('internal_date').notNull(),
    /** This and what follows: as in `deliveries`. */
    prefix: bytea('prefix').notNull(),
    reversePath: text('reverse_path').notNull(),
    forwardPath: text('forward_path').notNull(),
    protocol: text('protocol').notNull(),
    clientAddress: inet('client_address'),
    clientName: text('client_name'),
    details: jsonb('details'),
    queuedAt: at('queued_at').notNull().defaultNow(),
    nextAttemptAt: at('next_attempt_at').notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastFailure: text('last_failure').notNull(),
    /** Of the content; null: as the pieces say. */
    sizeOctets: octets('size_octets'),
    /** Its sender, who has no account here, is told if it is given up: their domain answered for the message. */
    tellsElsewhere: boolean('tells_elsewhere').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.deliveryId] }),
    index('waiting_deliveries_due').on(table.accountId, table.nextAttemptAt),
  ],
);

/** Their octets, in pieces, which are stored before the row that makes them count. */
export const waitingContents = pgTable(
  'waiting_contents',
  {
    accountId: id('account_id').notNull(),
    deliveryId: uuid('delivery_id').notNull(),
    chunk: integer('chunk').notNull(),
    octets: bytea('octets').notNull(),
    storedAt: at('stored_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.deliveryId, table.chunk] })],
);

/** Messages that are to be released at a time to come (held-messages.ts), under the account that sent them. */
export const heldMessages = pgTable(
  'held_messages',
  {
    accountId: id('account_id').notNull(),
    messageId: uuid('message_id').notNull(),
    heldAt: at('held_at').notNull().defaultNow(),
    releaseAt: at('release_at').notNull(),
    /** When its release began: from then on it cannot be taken back. */
    releasedAt: at('released_at'),
    /** As Future-Release-Request of a DSN has it (RFC 4865 §5.1.2). */
    request: text('request').notNull(),
    reversePath: text('reverse_path').notNull(),
    sizeOctets: octets('size_octets').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.messageId] })],
);

/** What is to be delivered of them, to whom. */
export const heldCopies = pgTable(
  'held_copies',
  {
    accountId: id('account_id').notNull(),
    messageId: uuid('message_id').notNull(),
    copy: integer('copy').notNull(),
    /** The account that gets it. */
    recipientId: id('recipient_id').notNull(),
    /** This and what follows: as in `waiting_deliveries`. */
    mailboxId: id('mailbox_id'),
    systemFlags: smallint('system_flags').notNull(),
    prefix: bytea('prefix').notNull(),
    forwardPath: text('forward_path').notNull(),
    protocol: text('protocol').notNull(),
    clientAddress: inet('client_address'),
    clientName: text('client_name'),
    details: jsonb('details'),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.messageId, table.copy] })],
);

/** Their octets, in pieces, which are stored before the row that makes them count. */
export const heldContents = pgTable(
  'held_contents',
  {
    accountId: id('account_id').notNull(),
    messageId: uuid('message_id').notNull(),
    chunk: integer('chunk').notNull(),
    octets: bytea('octets').notNull(),
    storedAt: at('stored_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.messageId, table.chunk] })],
);

/** Of a message whose release has begun: the copies that were delivered, until its sender has been told of all. */
export const heldDelivered = pgTable(
  'held_delivered',
  {
    accountId: id('account_id').notNull(),
    messageId: uuid('message_id').notNull(),
    copy: integer('copy').notNull(),
    forwardPath: text('forward_path').notNull(),
    details: jsonb('details'),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.messageId, table.copy] })],
);
