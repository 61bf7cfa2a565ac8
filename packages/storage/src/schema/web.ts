/** Signing in to the web, and its API. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { at, bytea, id, inet } from './columns.ts';

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
