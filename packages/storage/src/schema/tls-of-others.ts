/** What is known of the TLS of other domains (packages/queue). */
import { index, pgTable, text } from 'drizzle-orm/pg-core';
import { at, bytea } from './columns.ts';

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
