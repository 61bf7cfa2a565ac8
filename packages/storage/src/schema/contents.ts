/** What the bytes of messages fix, how they came, and what is found by them. */
import { sql } from 'drizzle-orm';
import { check, date, index, jsonb, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { at, bytea, id, inet, octets, texts } from './columns.ts';

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
