/**
 * Every table of Postel. Migrations are generated from this file (`npm run generate -w packages/storage`); functions and
 * what drizzle cannot express stand in migrations written by hand.
 *
 * Rules that the tables keep (docs/storage.md):
 * - `account_id` leads every primary key, unique constraint and index of the mail tables, and no foreign key crosses
 *   accounts, so that the mail tables can be partitioned or distributed by account.
 * - Object ids (mailbox, content, email, thread) are given out by `accounts.next_object_id` under the account row, so
 *   no sequence is shared between accounts.
 * - No counter and no modseq column of a hot row is in an index: their updates stay heap-only (HOT).
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const cidr = customType<{ data: string }>({ dataType: () => 'cidr' });
const cidrs = customType<{ data: string[] }>({ dataType: () => 'cidr[]' });
const inet = customType<{ data: string }>({ dataType: () => 'inet' });
const integers = customType<{ data: number[] }>({ dataType: () => 'integer[]' });
const texts = customType<{ data: string[] }>({ dataType: () => 'text[]' });
const uidRanges = customType<{ data: string }>({ dataType: () => 'int8multirange' });

const id = (name: string) => bigint(name, { mode: 'number' });
const octets = id;
const seq = id;
const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** One row for the whole installation. */
export const installation = pgTable(
  'installation',
  {
    one: boolean('one').primaryKey().default(true),
    /** Raised by every change to accounts, addresses, credentials and domains; every process watches it. */
    directoryVersion: id('directory_version').notNull().default(1),
    /** Accounts made from now on start their UIDVALIDITYs here at least: removed ones, whose names may come again, were below. */
    uidvalidityFloor: id('uidvalidity_floor').notNull().default(1),
    /** What every account may hold that has no limit of its own; `accounts` has them too, for those who write mail. */
    defaultQuotaOctets: octets('default_quota_octets'),
    defaultQuotaMessages: id('default_quota_messages'),
    defaultQuotaMailboxes: id('default_quota_mailboxes'),
    /** What every account may send that has no limit of its own. */
    defaultMessagesADay: integer('default_messages_a_day'),
    defaultNewRecipientsADay: integer('default_new_recipients_a_day'),
    defaultMessageOctets: octets('default_message_octets'),
    /** Of the server that the database was last on; another one says that it was restored, or moved. */
    systemIdentifier: text('system_identifier'),
    /** Key of the made-up but stable SCRAM salts of users that do not exist (RFC 5802 §5.1 shows salts before proofs). */
    saltKey: bytea('salt_key').notNull().default(sql`uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())`),
  },
  (table) => [check('installation_is_one_row', sql`${table.one}`)],
);

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

/** The bytes of a message as received, once per account and hash, and everything that they fix, computed at arrival. */
export const contents = pgTable(
  'contents',
  {
    accountId: id('account_id').notNull(),
    contentId: id('content_id').notNull(),
    /** SHA-256 of the content. */
    hash: bytea('hash').notNull(),
    sizeOctets: octets('size_octets').notNull(),
    /** Of the top header, its empty line included. */
    headerOctets: octets('header_octets').notNull(),
    /** Content up to 128 kB; else null, and `blob_name` says where it is. */
    octets: bytea('octets'),
    blobName: text('blob_name'),
    /** CRC-32 of each 64 kB of the blob, 4 octets each; null with `octets`, and for blobs of Postels before these. */
    blobChecksums: bytea('blob_checksums'),
    /** ENVELOPE, BODYSTRUCTURE and BODY as sent, and the byte ranges of the parts (packages/mime). */
    envelope: bytea('envelope').notNull(),
    bodyStructure: bytea('body_structure').notNull(),
    body: bytea('body').notNull(),
    partIndex: bytea('part_index').notNull(),
    /** How the text begins, for people to read. */
    preview: text('preview'),
    /**
     * What searches look in, folded (packages/mime): the text of the body, and the header, a line a field. Null in rows of
     * Postels that knew of no search: filled in before the first one that needs it.
     */
    searchText: text('search_text'),
    headerText: text('header_text'),
    /** The day that the Date field names, wherever the author was; null if there is none. */
    sentDate: date('sent_date'),
    /** The moment in the Date field. This and what follows is for people to read (docs/sql.md). */
    sentAt: at('sent_at'),
    /** Decoded; null if there is none, or none was filled in yet. */
    subject: text('subject'),
    /** Entries as people read them, a line each: `Mary Smith <mary@example.com>` (packages/mime, `MessageSummary`). */
    fromList: text('from_list'),
    toList: text('to_list'),
    ccList: text('cc_list'),
    /** Without brackets. */
    messageId: text('message_id'),
    /** By which a thread is found, eight octets each (thread-keys.ts). Null in rows of Postels that knew of no threads: filled in later. */
    threadKeys: bytea('thread_keys'),
    /** By which lists of messages are sorted (content-text.ts, `SORT_KEYS`); null where the field is missing. */
    sortKeys: texts('sort_keys'),
    /** Of which trees of answers are made (thread-links.ts). Null, as is `sort_keys`, in rows of Postels that did not sort: filled in later. */
    threadLinks: bytea('thread_links'),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.contentId] }),
    uniqueIndex('contents_hash').on(table.accountId, table.hash),
    index('contents_without_summary').on(table.accountId, table.contentId).where(sql`${table.threadKeys} is null`),
    index('contents_without_sort_keys').on(table.accountId, table.contentId).where(sql`${table.threadLinks} is null`),
    index('contents_without_text').on(table.accountId, table.contentId).where(sql`${table.searchText} is null`),
    index('contents_blob').on(table.accountId, table.blobName).where(sql`${table.blobName} is not null`),
    check('contents_stored_once', sql`(${table.octets} is null) <> (${table.blobName} is null)`),
  ],
);

/** The index of texts, in segments (text-segment.ts), which housekeeping makes and merges. */
export const textIndex = pgTable(
  'text_index',
  {
    accountId: id('account_id').notNull(),
    /** Which slots the row has the entries of; the last row has the ids of contents and deliveries. */
    slotRow: smallint('slot_row').notNull(),
    /** The last object id that the segment has, or would have: what is above that of the newest one is not in the index yet. */
    segmentId: id('segment_id').notNull(),
    octets: bytea('octets').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.slotRow, table.segmentId] })],
);

/** Which thread a Message-ID with a subject belongs to, by a hash of both (thread-keys.ts). */
export const threadIds = pgTable(
  'thread_ids',
  {
    accountId: id('account_id').notNull(),
    messageIdHash: bytea('message_id_hash').notNull(),
    threadId: id('thread_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.messageIdHash] })],
);

/** Blobs of contents that are gone: nothing names them any more, and after a grace period they are removed from the blob store. */
export const removedBlobs = pgTable(
  'removed_blobs',
  {
    accountId: id('account_id').notNull(),
    blobName: text('blob_name').notNull(),
    removedAt: at('removed_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.blobName] })],
);

/** When each job of housekeeping was last done, by whichever host did it. */
export const housekeepingJobs = pgTable('housekeeping_jobs', {
  job: text('job').primaryKey(),
  doneAt: at('done_at').notNull(),
});

/** How a message came by SMTP: the header fields that Postel put before it, and the envelope it came in (RFC 5321 §3.3). */
export const deliveries = pgTable(
  'deliveries',
  {
    accountId: id('account_id').notNull(),
    emailId: id('email_id').notNull(),
    prefix: bytea('prefix').notNull(),
    /** '' for the null reverse-path. */
    reversePath: text('reverse_path').notNull(),
    forwardPath: text('forward_path').notNull(),
    protocol: text('protocol').notNull(),
    clientAddress: inet('client_address'),
    clientName: text('client_name'),
    receivedAt: at('received_at').notNull(),
    /** The prefix as `contents.header_text`. */
    prefixText: text('prefix_text'),
    /** What came by extensions of SMTP (received-envelope.ts). Null in rows of Postels that kept none of it. */
    details: jsonb('details'),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.emailId] }),
    index('deliveries_without_text').on(table.accountId, table.emailId).where(sql`${table.prefixText} is null`),
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

export const domains = pgTable(
  'domains',
  {
    domainId: id('domain_id').primaryKey().generatedAlwaysAsIdentity(),
    name: text('name').notNull(),
    /** Receives mail to addresses of the domain that do not exist; null: they are refused. */
    catchallAccountId: id('catchall_account_id'),
    /** Characters of which each parts a detail from the local part of an address: `user+detail`. */
    detailSeparators: text('detail_separators').notNull().default('+'),
    /** Upper and lower case make different local parts. */
    isCaseSensitive: boolean('is_case_sensitive').notNull().default(false),
    /** Since then mail for it waits with its senders, and nobody sends from it; null: it is not disabled. */
    disabledSince: at('disabled_since'),
    /** Of the policy that it publishes: RFC 8461 §3.2. */
    mtaStsMode: text('mta_sts_mode').notNull().default('testing'),
  },
  (table) => [
    uniqueIndex('domains_name').on(table.name),
    check('domains_mta_sts_mode', sql`${table.mtaStsMode} in ('testing', 'enforce', 'none')`),
    foreignKey({ columns: [table.catchallAccountId], foreignColumns: [accounts.accountId] }).onDelete('set null'),
  ],
);

/** Domains that an account with the role `domain-admin` administers. */
export const administeredDomains = pgTable(
  'administered_domains',
  {
    accountId: id('account_id').notNull(),
    domainId: id('domain_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.domainId] }),
    index('administered_domains_domain').on(table.domainId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
    foreignKey({ columns: [table.domainId], foreignColumns: [domains.domainId] }).onDelete('cascade'),
  ],
);

/**
 * DKIM keys of domains (RFC 6376): made, until the DNS has it; then active, it signs; then retired, of which only the public part is
 * left, for mail that is on its way. Of one algorithm a domain has one that is made and one that is active at most.
 */
export const dkimKeys = pgTable(
  'dkim_keys',
  {
    keyId: id('key_id').primaryKey().generatedAlwaysAsIdentity(),
    domainId: id('domain_id').notNull(),
    selector: text('selector').notNull(),
    /** 'ed25519' | 'rsa' */
    algorithm: text('algorithm').notNull(),
    /** A SubjectPublicKeyInfo in DER. */
    publicKey: bytea('public_key').notNull(),
    /** PKCS#8 in DER; null once it signs no more. */
    privateKey: bytea('private_key'),
    createdAt: at('created_at').notNull().defaultNow(),
    /** When the DNS was first seen to have it. */
    seenAt: at('seen_at'),
    activeSince: at('active_since'),
    retiredAt: at('retired_at'),
    /** The DNS is to have it until then. */
    publishedUntil: at('published_until'),
  },
  (table) => [
    uniqueIndex('dkim_keys_selectors').on(table.domainId, table.selector),
    uniqueIndex('dkim_keys_one_active')
      .on(table.domainId, table.algorithm)
      .where(sql`${table.activeSince} is not null and ${table.retiredAt} is null`),
    uniqueIndex('dkim_keys_one_made')
      .on(table.domainId, table.algorithm)
      .where(sql`${table.activeSince} is null and ${table.retiredAt} is null`),
    check(
      'dkim_keys_retired',
      sql`(${table.retiredAt} is null) = (${table.privateKey} is not null) and (${table.retiredAt} is null) = (${table.publishedUntil} is null)`,
    ),
    foreignKey({ columns: [table.domainId], foreignColumns: [domains.domainId] }).onDelete('cascade'),
  ],
);

export const addresses = pgTable(
  'addresses',
  {
    domainId: id('domain_id').notNull(),
    /** In the form that is compared: NFC, and lower case unless its domain is case-sensitive. */
    localPart: text('local_part').notNull(),
    accountId: id('account_id').notNull(),
    /** Where its mail goes; null, or a mailbox that was deleted: INBOX. */
    mailboxId: id('mailbox_id'),
  },
  (table) => [
    primaryKey({ columns: [table.domainId, table.localPart] }),
    index('addresses_account').on(table.accountId),
    foreignKey({ columns: [table.domainId], foreignColumns: [domains.domainId] }),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** Addresses that stand for others (RFC 5321 §3.9). No address of an account is one of them too. */
export const aliases = pgTable(
  'aliases',
  {
    aliasId: id('alias_id').primaryKey().generatedAlwaysAsIdentity(),
    domainId: id('domain_id').notNull(),
    /** As in `addresses`. */
    localPart: text('local_part').notNull(),
    /** 'anyone' | 'members' | 'named' */
    posters: text('posters').notNull().default('anyone'),
    /** Members may see who the others are. */
    showsMembers: boolean('shows_members').notNull().default(false),
    /** Members may send from its address. */
    maySendAs: boolean('may_send_as').notNull().default(false),
    /** What its members get says so (RFC 2369, RFC 2919). */
    isList: boolean('is_list').notNull().default(false),
  },
  (table) => [
    uniqueIndex('aliases_local_part').on(table.domainId, table.localPart),
    foreignKey({ columns: [table.domainId], foreignColumns: [domains.domainId] }),
    check('aliases_posters', sql`${table.posters} in ('anyone', 'members', 'named')`),
  ],
);

/** Whom an alias stands for, and who is named as one that may post to it: local addresses, other aliases, and addresses elsewhere. */
export const aliasEntries = pgTable(
  'alias_entries',
  {
    aliasId: id('alias_id').notNull(),
    domain: text('domain').notNull(),
    /** NFC and lower case. */
    foldedPart: text('folded_part').notNull(),
    /** NFC, in the case in which it was given: other servers may tell cases apart (RFC 5321 §2.4). */
    localPart: text('local_part').notNull(),
    isMember: boolean('is_member').notNull(),
    mayPost: boolean('may_post').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.aliasId, table.domain, table.foldedPart] }),
    foreignKey({ columns: [table.aliasId], foreignColumns: [aliases.aliasId] }).onDelete('cascade'),
  ],
);

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

/** Contents of which there is a copy in Rejects, or was lately, so that a message which comes again makes no other. */
export const rejects = pgTable(
  'rejects',
  {
    accountId: id('account_id').notNull(),
    /** As in `contents`. */
    hash: bytea('hash').notNull(),
    keptAt: at('kept_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.hash] }),
    index('rejects_kept_at').on(table.accountId, table.keptAt),
  ],
);

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
  ],
);

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

/** The ways by which mail leaves, beside the built-in one: packages/directory/src/routes. */
export const routes = pgTable(
  'routes',
  {
    routeId: id('route_id').primaryKey().generatedAlwaysAsIdentity(),
    name: text('name').notNull().unique(),
    settings: jsonb('settings').notNull(),
    /** What it has of 'password', 'token', 'clientKey', 'proxyPassword'; and these, sealed by the key of the data directories. */
    secretNames: texts('secret_names').notNull().default([]),
    secrets: bytea('secrets'),
    /** Raised by each change: what was opened before is not used again. */
    revision: id('revision').notNull().default(1),
    /** Where no rule says otherwise. */
    isDefault: boolean('is_default').notNull().default(false),
  },
  (table) => [
    check('routes_secrets', sql`(${table.secrets} is null) = (${table.secretNames} = '{}'::text[])`),
    uniqueIndex('routes_one_default').on(table.isDefault).where(sql`is_default`),
  ],
);

/** Which mail goes by which route: the first that matches, by position. */
export const routeRules = pgTable(
  'route_rules',
  {
    ruleId: id('rule_id').primaryKey().generatedAlwaysAsIdentity(),
    position: integer('position').notNull(),
    /** An address, a domain, `*.` and a domain, or `<>`; null: whoever it is. */
    sender: text('sender'),
    recipient: text('recipient'),
    accountId: id('account_id'),
    /** Null: the built-in one. */
    routeId: id('route_id'),
  },
  (table) => [
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
    foreignKey({ columns: [table.routeId], foreignColumns: [routes.routeId] }),
    check(
      'route_rules_condition',
      sql`${table.sender} is not null or ${table.recipient} is not null or ${table.accountId} is not null`,
    ),
  ],
);

/** Where events of sending are brought to (packages/directory; docs/webhooks.md). */
export const webhooks = pgTable(
  'webhooks',
  {
    webhookId: id('webhook_id').primaryKey().generatedAlwaysAsIdentity(),
    /** Whose mail it is about; null: everybody's. */
    accountId: id('account_id'),
    url: text('url').notNull(),
    /** By which events are signed. */
    secret: text('secret').notNull(),
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

/** The MTA-STS policies of other domains, as they were fetched, and what came of the last attempt (packages/queue). */
export const stsPolicies = pgTable(
  'sts_policies',
  {
    domain: text('domain').primaryKey(),
    /** Of its TXT record; null as long as none was had. */
    policyId: text('policy_id'),
    policy: text('policy'),
    fetchedAt: at('fetched_at'),
    expiresAt: at('expires_at'),
    /** When it is fetched anew. */
    refreshAt: at('refresh_at'),
    /** On this day at least. */
    usedAt: at('used_at').notNull().defaultNow(),
    failedId: text('failed_id'),
    failedAt: at('failed_at'),
    failure: text('failure'),
  },
  (table) => [index('sts_policies_refresh').on(table.refreshAt)],
);

/** Hosts of other domains that offered TLS. */
export const tlsHosts = pgTable(
  'tls_hosts',
  {
    host: text('host').primaryKey(),
    /** SHA-256 of its SubjectPublicKeyInfo. */
    keyHash: bytea('key_hash').notNull(),
    keySince: at('key_since').notNull().defaultNow(),
    firstSeenAt: at('first_seen_at').notNull().defaultNow(),
    /** Within an hour. */
    seenAt: at('seen_at').notNull().defaultNow(),
    /** Since when it has none any more: an alarm. */
    missingSince: at('missing_since'),
    missingReason: text('missing_reason'),
  },
  (table) => [index('tls_hosts_seen').on(table.seenAt)],
);

/** What came of TLS with other domains, day by day in UTC, until they are told (RFC 8460). */
export const tlsResults = pgTable(
  'tls_results',
  {
    day: date('day').notNull(),
    domain: text('domain').notNull(),
    /** SHA-256 of the detail, which is too long for an index. */
    detailHash: bytea('detail_hash').notNull(),
    /** JSON that the relay understands. */
    detail: text('detail').notNull(),
    sessions: bigint('sessions', { mode: 'number' }).notNull(),
    /** Somebody is writing the report. */
    takenAt: at('taken_at'),
  },
  (table) => [primaryKey({ columns: [table.day, table.domain, table.detailHash] })],
);

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

/** What DMARC found in mail that came in, by policy domain and day in UTC, until its owner is told (RFC 7489 §7.2). */
export const dmarcResults = pgTable(
  'dmarc_results',
  {
    day: date('day').notNull(),
    domain: text('domain').notNull(),
    /** SHA-256 of the detail, which is too long for an index. */
    detailHash: bytea('detail_hash').notNull(),
    /** JSON that smtp and relay understand. */
    detail: text('detail').notNull(),
    messages: bigint('messages', { mode: 'number' }).notNull(),
    /** Somebody is writing the report. */
    takenAt: at('taken_at'),
  },
  (table) => [primaryKey({ columns: [table.day, table.domain, table.detailHash] })],
);

/** Messages that say they are reports on our domains, until they are read. */
export const receivedReports = pgTable('received_reports', {
  receivedReportId: bigint('received_report_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  receivedAt: at('received_at').notNull().defaultNow(),
  /** The domain of From. */
  reporter: text('reporter').notNull(),
  /** That domain answers for the message. */
  isVerified: boolean('is_verified').notNull(),
  octets: bytea('octets').notNull(),
});

/** Reports on DMARC that others sent on our domains (packages/queue). */
export const dmarcReports = pgTable(
  'dmarc_reports',
  {
    dmarcReportId: bigint('dmarc_report_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    domain: text('domain').notNull(),
    organization: text('organization').notNull(),
    /** As its writer gave it. */
    reportId: text('report_id').notNull(),
    /** The domain of From of the mail it came by; '' if it was imported. */
    reporter: text('reporter').notNull(),
    trust: text('trust').notNull(),
    email: text('email').notNull(),
    beginsAt: at('begins_at').notNull(),
    endsAt: at('ends_at').notNull(),
    receivedAt: at('received_at').notNull().defaultNow(),
    /** The policy that the writer saw. */
    policy: jsonb('policy').notNull(),
    rowCount: integer('row_count').notNull(),
    /** In all, and of those that neither SPF nor DKIM vouch for. */
    messages: bigint('messages', { mode: 'number' }).notNull(),
    failed: bigint('failed', { mode: 'number' }).notNull(),
  },
  (table) => [
    unique('dmarc_reports_unique').on(table.domain, table.organization, table.reportId, table.reporter),
    index('dmarc_reports_ends').on(table.endsAt),
    check('dmarc_reports_trust', sql`${table.trust} in ('verified', 'unverified', 'imported')`),
  ],
);

/** Their rows: messages that came from one address and went one way. */
export const dmarcReportRows = pgTable(
  'dmarc_report_rows',
  {
    dmarcReportId: bigint('dmarc_report_id', { mode: 'number' })
      .notNull()
      .references(() => dmarcReports.dmarcReportId, { onDelete: 'cascade' }),
    rowNumber: integer('row_number').notNull(),
    sourceAddress: inet('source_address').notNull(),
    messages: bigint('messages', { mode: 'number' }).notNull(),
    disposition: text('disposition').notNull(),
    dkim: text('dkim').notNull(),
    spf: text('spf').notNull(),
    headerFrom: text('header_from').notNull(),
    envelopeFrom: text('envelope_from').notNull(),
    /** What DKIM and SPF said, and why the policy was not applied. */
    results: jsonb('results').notNull(),
  },
  (table) => [primaryKey({ columns: [table.dmarcReportId, table.rowNumber] })],
);

/** Reports on TLS that others sent on our domains, one for each domain that a report tells of. */
export const tlsReports = pgTable(
  'tls_reports',
  {
    tlsReportId: bigint('tls_report_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    domain: text('domain').notNull(),
    organization: text('organization').notNull(),
    reportId: text('report_id').notNull(),
    reporter: text('reporter').notNull(),
    trust: text('trust').notNull(),
    contact: text('contact').notNull(),
    beginsAt: at('begins_at').notNull(),
    endsAt: at('ends_at').notNull(),
    receivedAt: at('received_at').notNull().defaultNow(),
    rowCount: integer('row_count').notNull(),
    /** Sessions. */
    successful: bigint('successful', { mode: 'number' }).notNull(),
    failed: bigint('failed', { mode: 'number' }).notNull(),
  },
  (table) => [
    unique('tls_reports_unique').on(table.domain, table.organization, table.reportId, table.reporter),
    index('tls_reports_ends').on(table.endsAt),
    check('tls_reports_trust', sql`${table.trust} in ('verified', 'unverified', 'imported')`),
  ],
);

/** What failed, as they tell it. */
export const tlsReportFailures = pgTable(
  'tls_report_failures',
  {
    tlsReportId: bigint('tls_report_id', { mode: 'number' })
      .notNull()
      .references(() => tlsReports.tlsReportId, { onDelete: 'cascade' }),
    rowNumber: integer('row_number').notNull(),
    policyType: text('policy_type').notNull(),
    type: text('type').notNull(),
    sessions: bigint('sessions', { mode: 'number' }).notNull(),
    sendingAddress: text('sending_address').notNull(),
    receivingHost: text('receiving_host').notNull(),
    receivingAddress: text('receiving_address').notNull(),
    reason: text('reason').notNull(),
    more: text('more').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tlsReportId, table.rowNumber] })],
);

/** What an account may send, and whether a copy of it is kept; without a row: anything, and none. Limits are null where there is none. */
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

/** Salt and iteration count of all SCRAM keys of an account: one for all, because SCRAM shows them before the proof. */
export const scramParameters = pgTable(
  'scram_parameters',
  {
    accountId: id('account_id').primaryKey(),
    sha256Salt: bytea('sha256_salt').notNull(),
    sha256Iterations: integer('sha256_iterations').notNull(),
    sha1Salt: bytea('sha1_salt').notNull(),
    sha1Iterations: integer('sha1_iterations').notNull(),
  },
  (table) => [foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade')],
);

/** Passwords, as SCRAM keys (RFC 5802 §3): the account's own, if it has one, and app passwords. */
export const credentials = pgTable(
  'credentials',
  {
    accountId: id('account_id').notNull(),
    /** A password that is replaced gets another one, so that sessions know theirs from what came after it. */
    credentialId: id('credential_id').notNull().generatedAlwaysAsIdentity(),
    /** 'password' | 'app-password' */
    kind: text('kind').notNull(),
    sha256StoredKey: bytea('sha256_stored_key').notNull(),
    sha256ServerKey: bytea('sha256_server_key').notNull(),
    sha1StoredKey: bytea('sha1_stored_key').notNull(),
    sha1ServerKey: bytea('sha1_server_key').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    /** Of an app password; what its owner calls it. */
    name: text('name'),
    mayUseImap: boolean('may_use_imap').notNull().default(true),
    mayUseSmtp: boolean('may_use_smtp').notNull().default(true),
    expiresAt: at('expires_at'),
    /** Networks that it may be used from; null: any. */
    networks: cidrs('networks'),
    /** The app password itself, where its owner asked for CRAM-MD5 and DIGEST-MD5, which cannot do with less. */
    sharedSecret: text('shared_secret'),
    lastUsedAt: at('last_used_at'),
    lastUsedFrom: inet('last_used_from'),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.credentialId] }),
    uniqueIndex('credentials_one_password').on(table.accountId).where(sql`${table.kind} = 'password'`),
    uniqueIndex('credentials_app_password_names')
      .on(table.accountId, table.name)
      .where(sql`${table.kind} = 'app-password'`),
    check('credentials_kinds', sql`(${table.kind} = 'password') = (${table.name} is null)`),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** Keys of TLS clients (design: one key, one account): what identifies a device without a password. */
export const tlsPublicKeys = pgTable(
  'tls_public_keys',
  {
    /** SHA-256 of the SubjectPublicKeyInfo in DER. */
    fingerprint: bytea('fingerprint').primaryKey(),
    accountId: id('account_id').notNull(),
    subjectPublicKeyInfo: bytea('subject_public_key_info').notNull(),
    /** `ed25519`, `ecdsa-p256`, `rsa-2048` ... */
    keyType: text('key_type').notNull(),
    name: text('name').notNull(),
    /** What a login by this key names; null: the account. */
    loginAddress: text('login_address'),
    /** Whether IMAPS greets who has the key with PREAUTH. */
    isImapPreauth: boolean('is_imap_preauth').notNull().default(true),
    createdAt: at('created_at').notNull().defaultNow(),
    lastUsedAt: at('last_used_at'),
    lastUsedFrom: inet('last_used_from'),
  },
  (table) => [
    index('tls_public_keys_account').on(table.accountId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/**
 * Failed logins, counted by where they come from: docs/security.md, Guessing. Rows of counts that are 0 again are removed; those
 * that were cleared a day later, when all processes have forgotten what they were.
 */
export const loginFailures = pgTable(
  'login_failures',
  {
    /** A network; or an account's id and a network that it has logged in from. */
    scope: text('scope').primaryKey(),
    /** When the count is 0 again. Every failure puts it off, by as long as one failure counts. */
    emptyAt: at('empty_at').notNull(),
    changedAt: at('changed_at').notNull(),
    clearedAt: at('cleared_at'),
  },
  (table) => [index('login_failures_changed').on(table.changedAt)],
);

/** Who tried to log in, from where, how, and what came of it. Attempts of one hour that are alike are one row. */
export const loginAttempts = pgTable(
  'login_attempts',
  {
    /** A hash of the hour and of what makes attempts alike. */
    attemptKey: bytea('attempt_key').primaryKey(),
    firstAt: at('first_at').notNull(),
    lastAt: at('last_at').notNull(),
    count: integer('count').notNull(),
    /** Whom the name belonged to when it was written down. */
    accountId: id('account_id'),
    /** As it was given, but printable. */
    loginName: text('login_name'),
    /** A network where a flood came from all over it; null if it came from everywhere. */
    clientAddress: inet('client_address'),
    /** The address's /32 or /64, of a login that succeeded. */
    network: cidr('network'),
    service: text('service').notNull(),
    mechanism: text('mechanism'),
    tlsVersion: text('tls_version'),
    /** 'password' | 'app-password' | 'tls-public-key' | 'token' | 'anonymous' */
    credentialKind: text('credential_kind'),
    /** What its owner calls the app password or key; a token's issuer. */
    credentialName: text('credential_name'),
    /** Of the TLS public key that the client showed, also of one that is nobody's. */
    keyFingerprint: text('key_fingerprint'),
    program: text('program'),
    outcome: text('outcome').notNull(),
  },
  (table) => [
    index('login_attempts_account').on(table.accountId, table.lastAt),
    index('login_attempts_last').on(table.lastAt),
    index('login_attempts_networks').on(table.accountId, table.network).where(sql`${table.network} is not null`),
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

/** The password by which the server is administered without an account; no row: there is none. */
export const adminPassword = pgTable(
  'admin_password',
  {
    one: boolean('one').primaryKey().default(true),
    /** Another one with each password, so that sessions of the one before end. */
    credentialId: id('credential_id').notNull(),
    salt: bytea('salt').notNull(),
    iterations: integer('iterations').notNull(),
    storedKey: bytea('stored_key').notNull(),
    changedAt: at('changed_at').notNull().defaultNow(),
  },
  (table) => [check('admin_password_is_one_row', sql`${table.one}`)],
);

/** Who is signed in to the web; here and below `account_id` null is who knows the admin password. */
export const webSessions = pgTable(
  'web_sessions',
  {
    /** SHA-256 of what the cookie holds. */
    sessionHash: bytea('session_hash').primaryKey(),
    /** What it is called where its owner sees it. */
    sessionId: uuid('session_id').notNull().defaultRandom(),
    accountId: id('account_id'),
    /** Of the password that there was then: with another one the session is over. Null: the account had none. */
    credentialId: id('credential_id'),
    /** By which it began; null: by the password, or by the key of a device. */
    passkeyId: bytea('passkey_id'),
    /** Of the device's key by which it began. */
    keyFingerprint: bytea('key_fingerprint'),
    /** When its owner last proved by password or passkey who they are; null: not yet. */
    provedAt: at('proved_at'),
    /** The password was right, and the code is still to come. */
    awaitsCode: boolean('awaits_code').notNull(),
    wrongCodes: smallint('wrong_codes').notNull().default(0),
    createdAt: at('created_at').notNull().defaultNow(),
    usedAt: at('used_at').notNull().defaultNow(),
    clientAddress: inet('client_address'),
    program: text('program'),
  },
  (table) => [
    uniqueIndex('web_sessions_id').on(table.sessionId),
    index('web_sessions_account').on(table.accountId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** Keys of one-time codes (RFC 6238), which are asked for beside the password from the first right one on. */
export const totpSecrets = pgTable(
  'totp_secrets',
  {
    accountId: id('account_id'),
    secret: bytea('secret').notNull(),
    isConfirmed: boolean('is_confirmed').notNull().default(false),
    /** Of the last code that was taken: none is taken twice (RFC 6238 §5.2). */
    lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('totp_secrets_one').on(table.accountId).nullsNotDistinct(),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** What stands in for a one-time code, once each. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    accountId: id('account_id'),
    /** SHA-256 of the code and whose it is. */
    codeHash: bytea('code_hash').primaryKey(),
  },
  (table) => [
    index('recovery_codes_account').on(table.accountId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** Passkeys (WebAuthn), by which people sign in to the web. */
export const passkeys = pgTable(
  'passkeys',
  {
    passkeyId: bytea('passkey_id').primaryKey(),
    accountId: id('account_id'),
    name: text('name').notNull(),
    /** COSE_Key (RFC 9052 §7). */
    publicKey: bytea('public_key').notNull(),
    counter: bigint('counter', { mode: 'number' }).notNull(),
    /** As the browser gave them, with spaces between. */
    transports: text('transports').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    lastUsedAt: at('last_used_at'),
  },
  (table) => [
    index('passkeys_account').on(table.accountId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);

/** What passkeys are to sign, once each. */
export const passkeyChallenges = pgTable(
  'passkey_challenges',
  {
    challenge: bytea('challenge').primaryKey(),
    /** Who is to register one; null also: whoever signs in. */
    accountId: id('account_id'),
    /** 'register' | 'sign-in' */
    purpose: text('purpose').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [
    index('passkey_challenges_expiry').on(table.expiresAt),
    check('passkey_challenges_purposes', sql`${table.purpose} in ('register', 'sign-in')`),
  ],
);

/** A sign-in by the key of a device, on its way from the site to the listener that asks for keys, and back. */
export const keySignIns = pgTable(
  'key_sign_ins',
  {
    /** SHA-256 of what the browser takes to the other listener. */
    stateHash: bytea('state_hash').primaryKey(),
    /** Of the cookie of the browser that began: nobody else can complete it. */
    browserHash: bytea('browser_hash').notNull(),
    /** The origin to lead back to. */
    returnTo: text('return_to').notNull(),
    /** Of what the browser brings back, once a key was shown. */
    codeHash: bytea('code_hash'),
    fingerprint: bytea('fingerprint'),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [index('key_sign_ins_expiry').on(table.expiresAt)],
);

/** By which programs use the API. */
export const apiTokens = pgTable(
  'api_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea('token_hash').primaryKey(),
    tokenId: uuid('token_id').notNull().defaultRandom(),
    accountId: id('account_id'),
    /** Of the admin password that there was then, and null for an account's, which outlives its password. */
    credentialId: id('credential_id'),
    name: text('name').notNull(),
    /** With spaces between. */
    scopes: text('scopes').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    expiresAt: at('expires_at'),
    lastUsedAt: at('last_used_at'),
    lastUsedFrom: inet('last_used_from'),
  },
  (table) => [
    index('api_tokens_account').on(table.accountId),
    foreignKey({ columns: [table.accountId], foreignColumns: [accounts.accountId] }).onDelete('cascade'),
  ],
);
