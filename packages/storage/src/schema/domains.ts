/** Domains, their DKIM keys, addresses and aliases (packages/directory). */
import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { at, bytea, id } from './columns.ts';

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
