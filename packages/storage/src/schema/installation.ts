/** What there is once for the whole installation. */
import { sql } from 'drizzle-orm';
import { boolean, check, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { at, bytea, id, octets } from './columns.ts';

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

/** When each job of housekeeping was last done, by whichever host did it. */
export const housekeepingJobs = pgTable('housekeeping_jobs', {
  job: text('job').primaryKey(),
  doneAt: at('done_at').notNull(),
});
