/** By what accounts log in, and who tried to (packages/directory). */
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { at, bytea, cidr, cidrs, id, inet } from './columns.ts';

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
