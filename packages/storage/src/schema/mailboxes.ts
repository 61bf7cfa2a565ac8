/** Mailboxes, and what is kept of each: keywords, rights, annotations. */
import { sql } from 'drizzle-orm';
import { boolean, check, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, id, octets, seq } from './columns.ts';

export const mailboxes = pgTable(
  'mailboxes',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    name: text('name').notNull(),
    /** `\Sent` and so on (RFC 6154 §2), null for none. */
    specialUse: text('special_use'),
    uidvalidity: id('uidvalidity').notNull(),
    uidNext: id('uid_next').notNull().default(1),
    /** Messages with a higher UID are `\Recent` to the next session that selects the mailbox. */
    recentUid: id('recent_uid').notNull().default(0),
    createSeq: seq('create_seq').notNull(),
    /** Of the mailbox itself: name, special use. */
    modSeq: seq('mod_seq').notNull(),
    /** Of its messages: HIGHESTMODSEQ (RFC 7162 §3.1.2.1). */
    highestModSeq: seq('highest_mod_seq').notNull(),
    /** Tombstones up to here may have been pruned; who knows less compares UIDs. */
    prunedSeq: seq('pruned_seq').notNull().default(0),
    /** Rows of `changes` up to here may have been pruned; who knows less looks at all messages. */
    changesPrunedSeq: seq('changes_pruned_seq').notNull().default(0),
    /** Set when the mailbox was deleted; the row stays as its tombstone. */
    expungedSeq: seq('expunged_seq'),
    nextKeywordId: integer('next_keyword_id').notNull().default(1),
    messages: id('messages').notNull().default(0),
    unseen: id('unseen').notNull().default(0),
    deleted: id('deleted').notNull().default(0),
    octets: octets('octets').notNull().default(0),
    deletedOctets: octets('deleted_octets').notNull().default(0),
    /** Of its list of rights, when that was changed last; 0: never. */
    aclSeq: seq('acl_seq').notNull().default(0),
    /** What is in it counts to no quota: see rejects.ts. A mailbox is that from its beginning, until it is renamed. */
    isRejects: boolean('is_rejects').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.mailboxId] }),
    uniqueIndex('mailboxes_name').on(table.accountId, table.name).where(sql`${table.expungedSeq} is null`),
    uniqueIndex('mailboxes_rejects')
      .on(table.accountId)
      .where(sql`${table.isRejects} and ${table.expungedSeq} is null`),
    // Or mail would be put there by its use.
    check('mailboxes_rejects_without_use', sql`not ${table.isRejects} or ${table.specialUse} is null`),
    check('mailboxes_uid_32_bits', sql`${table.uidNext} <= 4294967296 and ${table.uidvalidity} <= 4294967295`),
    check(
      'mailboxes_counts_not_negative',
      sql`least(${table.messages}, ${table.unseen}, ${table.deleted}, ${table.octets}, ${table.deletedOctets}) >= 0`,
    ),
  ],
);

/** Keywords of a mailbox (RFC 9051 §2.3.2). An id is never given to another keyword. */
export const keywords = pgTable(
  'keywords',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    keywordId: integer('keyword_id').notNull(),
    name: text('name').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.mailboxId, table.keywordId] }),
    uniqueIndex('keywords_name').on(table.accountId, table.mailboxId, sql`lower(${table.name})`),
  ],
);

/** Names the account subscribed to, which need not exist (RFC 9051 §6.3.7). */
export const subscriptions = pgTable(
  'subscriptions',
  {
    accountId: id('account_id').notNull(),
    name: text('name').notNull(),
    modSeq: seq('mod_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.name] })],
);

/** RFC 4314: who but the owner, who has all rights, may do what with a mailbox. */
export const acls = pgTable(
  'acls',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    /** The account that the entry is for; 0: everybody (`anyone`). Ids are never given again, so no later account has its rights. */
    readerId: id('reader_id').notNull(),
    /** What it takes away, whatever other entries give. */
    isNegative: boolean('is_negative').notNull(),
    /** Letters of RFC 4314 §2.1, at least one, in the order of rights.ts. */
    rights: text('rights').notNull(),
    modSeq: seq('mod_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.mailboxId, table.readerId, table.isNegative] })],
);

/**
 * In whose lists of rights an account is: that of `owner_id`, or with account 0 in whose lists everybody is. Kept by the owner's changes,
 * under the owner's row.
 */
export const shares = pgTable(
  'shares',
  { accountId: id('account_id').notNull(), ownerId: id('owner_id').notNull() },
  (table) => [primaryKey({ columns: [table.accountId, table.ownerId] })],
);

/**
 * RFC 5464 entries, in lower case; `mailbox_id` 0 stands for the server. `owner_id` is whose mailbox it is: entries under
 * /private of somebody who reads a mailbox of others stand in the reader's account. A null value is the tombstone of an entry.
 */
export const annotations = pgTable(
  'annotations',
  {
    accountId: id('account_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    entry: text('entry').notNull(),
    value: bytea('value'),
    createSeq: seq('create_seq').notNull(),
    modSeq: seq('mod_seq').notNull(),
    ownerId: id('owner_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.ownerId, table.mailboxId, table.entry] })],
);

/** By which an account authorizes URLs of messages in a mailbox, its own or another's (RFC 4467); without a row it has authorized none. */
export const urlKeys = pgTable(
  'url_keys',
  {
    accountId: id('account_id').notNull(),
    ownerId: id('owner_id').notNull(),
    mailboxId: id('mailbox_id').notNull(),
    key: bytea('key').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.ownerId, table.mailboxId] })],
);
