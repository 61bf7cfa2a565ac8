/** What happened: to mail that came, and in the directory. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { at, id, inet, octets } from './columns.ts';

/** What became of each recipient of a mail transaction, or of what ended before it named one (mail-transactions.ts). */
export const mailTransactions = pgTable(
  'mail_transactions',
  {
    /** UUIDv7: its order is that of the times at which the transactions began. */
    transactionId: uuid('transaction_id').notNull(),
    recipientNo: integer('recipient_no').notNull(),
    settledAt: at('settled_at').notNull(),
    /** More than 1: so many of a network were refused in an hour beyond those that have rows of their own. */
    count: integer('count').notNull().default(1),
    listener: text('listener').notNull(),
    /** As in the `with` clause of Received. */
    protocol: text('protocol'),
    connectionId: text('connection_id'),
    /** Of the messages of the connection; with its id it is what the reply and Received name. */
    messageNo: integer('message_no'),
    clientAddress: inet('client_address'),
    clientName: text('client_name'),
    tlsVersion: text('tls_version'),
    /** Who submitted it. */
    senderAccountId: id('sender_account_id'),
    /** '' for the null reverse-path; null if none was understood. */
    reversePath: text('reverse_path'),
    /** As RCPT named it. */
    recipient: text('recipient'),
    /** The member elsewhere that an alias led to. */
    destination: text('destination'),
    /** Whom the recipient led to. */
    accountId: id('account_id'),
    /** The Message-ID field, without `<` and `>`. */
    messageId: text('message_id'),
    sizeOctets: octets('size_octets'),
    /** `spf=pass dkim=none ...` */
    checks: text('checks'),
    /** How far it came. */
    stage: text('stage').notNull(),
    outcome: text('outcome').notNull(),
    replyCode: smallint('reply_code'),
    replyStatus: text('reply_status'),
    replyText: text('reply_text'),
    /** Of the message as it was delivered: an account never gives both to another one. */
    uidvalidity: id('uidvalidity'),
    uid: id('uid'),
    /** Until when it is held. */
    releaseAt: at('release_at'),
  },
  (table) => [
    primaryKey({ columns: [table.transactionId, table.recipientNo] }),
    check('mail_transactions_stage', sql`${table.stage} in ('connection', 'MAIL', 'RCPT', 'message')`),
    check(
      'mail_transactions_outcome',
      sql`${table.outcome} in ('delivered', 'junk', 'waiting', 'held', 'queued', 'left-out', 'suspect', 'refused', 'deferred', 'broken-off', 'given-up')`,
    ),
    index('mail_transactions_recipient')
      .on(sql`lower(${table.recipient})`, table.transactionId)
      .where(sql`recipient is not null`),
    index('mail_transactions_destination')
      .on(sql`lower(${table.destination})`, table.transactionId)
      .where(sql`destination is not null`),
    index('mail_transactions_reverse_path')
      .on(sql`lower(${table.reversePath})`, table.transactionId)
      .where(sql`reverse_path <> ''`),
    index('mail_transactions_message_id').on(table.messageId, table.transactionId).where(sql`message_id is not null`),
    index('mail_transactions_connection').on(table.connectionId).where(sql`connection_id is not null`),
    index('mail_transactions_client')
      .on(table.clientAddress, table.transactionId)
      .where(sql`client_address is not null`),
    index('mail_transactions_account').on(table.accountId, table.transactionId).where(sql`account_id is not null`),
    index('mail_transactions_sender')
      .on(table.senderAccountId, table.transactionId)
      .where(sql`sender_account_id is not null`),
  ],
);

/** How many messages came in each hour, whatever else is recorded of them. */
export const mailHours = pgTable(
  'mail_hours',
  {
    hour: at('hour').notNull(),
    kind: text('kind').notNull(),
    messages: bigint('messages', { mode: 'number' }).notNull(),
    lastAt: at('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.hour, table.kind] }),
    check('mail_hours_kind', sql`${table.kind} in ('received', 'submitted', 'refused')`),
  ],
);

/** Who changed the directory, and what: of each transaction a row for each account, domain and so on that it changed. */
export const directoryChanges = pgTable(
  'directory_changes',
  {
    changeId: id('change_id').primaryKey().generatedAlwaysAsIdentity(),
    changedAt: at('changed_at').notNull().defaultNow(),
    /** 'command' | 'imap' | 'web' | 'api' | 'server' */
    door: text('door').notNull(),
    /** A user of the system, an account by its name, or a task of the server. */
    actor: text('actor').notNull(),
    /** Of the API, by its name. */
    token: text('token'),
    /** A host, or an address. */
    origin: text('origin'),
    /** 'account' | 'domain' | 'alias' | 'mailbox' | 'defaults' | 'login-limits' | 'admin-password' | 'queue' | 'webhook' | 'route' | 'route-rules' */
    kind: text('kind').notNull(),
    /** By which people know it. Rows outlive what they are about. */
    name: text('name').notNull(),
    /** What it had otherwise; null: it was not there. Neither holds secrets. */
    before: jsonb('before'),
    after: jsonb('after'),
  },
  (table) => [
    index('directory_changes_changed_at').on(table.changedAt),
    index('directory_changes_name').on(table.kind, table.name),
    check('directory_changes_changed', sql`${table.before} is not null or ${table.after} is not null`),
  ],
);
