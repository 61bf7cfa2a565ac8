/** By which ways mail leaves (packages/directory). */
import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { bytea, id, texts } from './columns.ts';

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
