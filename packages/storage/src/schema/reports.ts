/** Reports on DMARC and TLS: what those that Postel writes are made of, and those that others sent (packages/queue). */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import { at, bytea, inet } from './columns.ts';

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
