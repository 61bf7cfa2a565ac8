/** Accounts: the row that every change to the mail of one takes first. */
import { sql } from 'drizzle-orm';
import { boolean, check, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { at, id, octets, seq } from './columns.ts';

/**
 * An account: its modseq, id counters, quota limits and use. Every change to an account's mail takes this row first, which
 * makes modseq order commit order.
 */
export const accounts = pgTable(
  'accounts',
  {
    accountId: id('account_id').primaryKey().generatedAlwaysAsIdentity(),
    name: text('name').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    isDisabled: boolean('is_disabled').notNull().default(false),
    /** `owner`: administers the server; `domain-admin`: those of `administered_domains`. */
    role: text('role').notNull().default('account'),
    modseq: seq('modseq').notNull().default(1),
    nextObjectId: id('next_object_id').notNull().default(1),
    /** Starts at creation time in seconds and only rises, so that no UIDVALIDITY is ever used twice. */
    nextUidvalidity: id('next_uidvalidity').notNull(),
    /** Limits are null where there is none (RFC 9208 §5). */
    quotaOctets: octets('quota_octets'),
    quotaMessages: id('quota_messages'),
    quotaMailboxes: id('quota_mailboxes'),
    /** A limit that is not its own is the installation's default, and follows it. */
    hasOwnQuotaOctets: boolean('has_own_quota_octets').notNull().default(false),
    hasOwnQuotaMessages: boolean('has_own_quota_messages').notNull().default(false),
    hasOwnQuotaMailboxes: boolean('has_own_quota_mailboxes').notNull().default(false),
    usedOctets: octets('used_octets').notNull().default(0),
    usedMessages: id('used_messages').notNull().default(0),
    usedMailboxes: id('used_mailboxes').notNull().default(0),
    /** Days for which removed messages can be brought back, 0 for not at all; null: the default of `retention_time`. */
    retentionDays: integer('retention_days'),
    /** How much of them; beyond it the oldest go first. Null: the default of `retained_octets_cap`. */
    retainedOctetsLimit: octets('retained_octets_limit'),
    /** What can be brought back: the sizes of tombstones that name their content, but for messages that live on elsewhere. */
    retainedOctets: octets('retained_octets').notNull().default(0),
    /** When it was found to have gone back in time: it takes no change until `postel recover`. */
    rewoundAt: at('rewound_at'),
    /** The highest that anybody had seen by then. */
    seenModseq: seq('seen_modseq'),
    seenUidvalidity: id('seen_uidvalidity'),
    /** What `modseq` was at `changes_marked_at`: changes up to here are older than that. */
    changesMarkSeq: seq('changes_mark_seq').notNull().default(0),
    changesMarkedAt: at('changes_marked_at'),
  },
  (table) => [
    uniqueIndex('accounts_name').on(table.name),
    check('accounts_role', sql`${table.role} in ('account', 'domain-admin', 'owner')`),
    check('accounts_modseq_below_2_53', sql`${table.modseq} < 9007199254740992`),
    check('accounts_uidvalidity_32_bits', sql`${table.nextUidvalidity} <= 4294967295`),
    check(
      'accounts_use_not_negative',
      sql`least(${table.usedOctets}, ${table.usedMessages}, ${table.usedMailboxes}) >= 0`,
    ),
    check(
      'accounts_retention_not_negative',
      sql`least(${table.retentionDays}, ${table.retainedOctetsLimit}, ${table.retainedOctets}) >= 0`,
    ),
  ],
);
