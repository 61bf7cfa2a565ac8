/** What accounts may send, and what they have sent (packages/directory). */
import { boolean, foreignKey, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { at, id, octets } from './columns.ts';

/**
 * What an account may send, if it is not the installation's default, and whether a copy of it is kept; without a row: none. Limits
 * are null where there is none of its own; or none at all, if it has that of its own (view `submission_limits`).
 */
export const submissionSettings = pgTable(
  'submission_settings',
  {
    accountId: id('account_id').primaryKey(),
    messagesADay: integer('messages_a_day'),
    /** To whom it never sent before. */
    newRecipientsADay: integer('new_recipients_a_day'),
    messageOctets: octets('message_octets'),
    hasOwnMessagesADay: boolean('has_own_messages_a_day').notNull().default(false),
    hasOwnNewRecipientsADay: boolean('has_own_new_recipients_a_day').notNull().default(false),
    hasOwnMessageOctets: boolean('has_own_message_octets').notNull().default(false),
    /** In the mailbox with the special use \Sent. */
    keepsSent: boolean('keeps_sent').notNull().default(false),
  },
  (table) => [foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade')],
);

/** What an account with limits has sent since then, for a day at most (`take_submission`). */
export const submissionCounts = pgTable(
  'submission_counts',
  {
    accountId: id('account_id').primaryKey(),
    since: at('since').notNull(),
    messages: integer('messages').notNull().default(0),
    newRecipients: integer('new_recipients').notNull().default(0),
  },
  (table) => [foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade')],
);

/** To whom an account with a limit of new recipients has sent. */
export const knownRecipients = pgTable(
  'known_recipients',
  {
    accountId: id('account_id').notNull(),
    address: text('address').notNull(),
    firstAt: at('first_at').notNull().defaultNow(),
    /** If it is refused, the address is not known any more. */
    isByOne: boolean('is_by_one').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.address] }),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);
