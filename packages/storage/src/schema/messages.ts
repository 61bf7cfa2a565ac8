/** Messages in mailboxes, what is left of those that were removed, and what changed. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, pgTable, primaryKey, smallint, uuid } from 'drizzle-orm/pg-core';
import { at, id, integers, octets, seq, uidRanges } from './columns.ts';

/** A message as a mailbox holds it: what changes, and ids. What its bytes fix stands in `contents`. */
export const messages = pgTable(
  'messages',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    uid: id('uid').notNull(),
    createSeq: seq('create_seq').notNull(),
    modSeq: seq('mod_seq').notNull(),
    internalDate: at('internal_date').notNull(),
    saveDate: at('save_date').notNull(),
    contentId: id('content_id').notNull(),
    /** The same for all copies of one arrival (RFC 8474 §4.1, EMAILID); leads to its row in `deliveries`, if it has one. */
    emailId: id('email_id').notNull(),
    /** RFC 8474 §5.2, THREADID: the email id of the thread's first message. Null in rows of older Postels until it is assigned. */
    threadId: id('thread_id'),
    /** RFC822.SIZE: prefix and content. */
    sizeOctets: octets('size_octets').notNull(),
    prefixOctets: integer('prefix_octets').notNull().default(0),
    /** System flags as bits: see flags.ts. */
    flags: smallint('flags').notNull(),
    /** Ids of `keywords`, ascending. */
    keywords: integers('keywords').notNull().default(sql`'{}'`),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.mailboxId, table.uid] }),
    index('messages_content').on(table.accountId, table.contentId),
    index('messages_without_thread').on(table.accountId, table.emailId).where(sql`${table.threadId} is null`),
  ],
);

/** What is left of a message after EXPUNGE: enough to answer QRESYNC, to read it by a stale number, and to undelete it. */
export const tombstones = pgTable(
  'tombstones',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    uid: id('uid').notNull(),
    createSeq: seq('create_seq').notNull(),
    /** Of the removal. */
    modSeq: seq('mod_seq').notNull(),
    internalDate: at('internal_date').notNull(),
    saveDate: at('save_date').notNull(),
    /** Null when it was released: the message cannot be read or brought back any more, and its content may be gone. */
    contentId: id('content_id'),
    emailId: id('email_id').notNull(),
    threadId: id('thread_id'),
    sizeOctets: octets('size_octets').notNull(),
    prefixOctets: integer('prefix_octets').notNull(),
    flags: smallint('flags').notNull(),
    keywords: integers('keywords').notNull(),
    expungedAt: at('expunged_at').notNull().defaultNow(),
    /** The message lives on elsewhere: by MOVE, or because it was brought back. So there is nothing to undelete. Or it was one of Rejects. */
    wasMoved: boolean('was_moved').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.mailboxId, table.uid] }),
    index('tombstones_mod_seq').on(table.accountId, table.mailboxId, table.modSeq),
    index('tombstones_content').on(table.accountId, table.contentId).where(sql`${table.contentId} is not null`),
    index('tombstones_retained')
      .on(table.accountId, table.wasMoved, table.expungedAt)
      .where(sql`${table.contentId} is not null`),
    index('tombstones_released').on(table.accountId, table.expungedAt).where(sql`${table.contentId} is null`),
  ],
);

/**
 * Which UIDs each change touched (new messages and flags), one row a mailbox and modseq. It stands in for an index on
 * `messages.mod_seq`, which would make every flag change rewrite index entries.
 */
export const changes = pgTable(
  'changes',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    modSeq: seq('mod_seq').notNull(),
    uids: uidRanges('uids').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.mailboxId, table.modSeq] })],
);

/**
 * The last write of each process to an account, made with it: so that a process that lost the answer to a commit finds out
 * whether it was one. A row serves its process for good; rows of processes that are no more go after a day.
 */
export const lastWrites = pgTable(
  'last_writes',
  {
    accountId: id('account_id').notNull(),
    writerId: uuid('writer_id').notNull(),
    /** Counted by the writer. */
    writeNumber: bigint('write_number', { mode: 'number' }).notNull(),
    writtenAt: at('written_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.writerId] })],
);
