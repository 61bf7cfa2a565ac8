import { type Quota, roomOctets } from '@postel/quota';
import type { Sql, Transaction } from './database.ts';
import { StorageError, type StorageErrorKind } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { type QuotaRow, quotaColumns, quotaOf } from './quota.ts';

export const HIERARCHY_DELIMITER = '/';

/** Octets of a name in UTF-8, and its levels: each missing one is created. */
export const MAILBOX_NAME_OCTETS = 1_000;
export const MAILBOX_LEVELS = 100;
/** Mailboxes of an account, also where no quota is set, and names it may subscribe to. */
export const MAILBOXES = 100_000;
export const SUBSCRIPTIONS = 20_000;
/** More messages than this are deleted or moved in several transactions, so that no other write of the account waits long. */
const MESSAGES_AT_ONCE = 10_000;

/** A mailbox as LIST and STATUS see it. Counts are those of the moment of asking. */
export interface Mailbox {
  /** Whose it is. */
  readonly account: AccountId;
  readonly id: MailboxId;
  readonly name: string;
  readonly specialUse: string | null;
  readonly uidvalidity: number;
  readonly uidNext: number;
  readonly highestModSeq: ModSeq;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly octets: number;
  readonly deletedOctets: number;
  /** Messages with a higher UID are `\Recent` to the session that claims them. */
  readonly recentUid: number;
  /** Messages that no session has seen as `\Recent` yet; an upper bound if some of them were expunged since. */
  readonly recent: number;
  readonly isSubscribed: boolean;
  /** Filled by the store alone, and outside the quota: see rejects.ts. */
  readonly isRejects: boolean;
}

export interface FoundMailbox extends Mailbox {
  /** The modseq of the account when the row was read. */
  readonly accountModSeq: ModSeq;
  /** Of its account, then. */
  readonly quota: Quota;
  /** What that left room for: octets, 0 if for no message more; null if it has no limit. */
  readonly roomOctets: number | null;
}

/** Of `mailboxes as b`. */
export const mailboxColumns = (sql: Sql | Transaction) => sql`
  b.account_id as account, b.mailbox_id as id, b.name, b.special_use as "specialUse", b.uidvalidity, b.uid_next as "uidNext",
  b.highest_mod_seq as "highestModSeq", b.messages, b.unseen, b.deleted, b.octets, b.deleted_octets as "deletedOctets",
  b.recent_uid as "recentUid", least(b.messages, b.uid_next - 1 - b.recent_uid) as recent,
  exists (select from subscriptions as s where s.account_id = b.account_id and s.name = b.name) as "isSubscribed",
  b.is_rejects as "isRejects"`;

/** A mailbox as LIST names it. */
export interface MailboxName {
  readonly name: string;
  readonly specialUse: string | null;
}

/**
 * The mailboxes of an account by name, and no more of them than that.
 *
 * @param under only this name and what is below it; null for all
 */
export async function listNames(
  sql: Sql | Transaction,
  account: AccountId,
  under: string | null,
): Promise<readonly MailboxName[]> {
  return under === null
    ? sql.read<MailboxName[]>`
        select b.name, b.special_use as "specialUse" from mailboxes as b
         where b.account_id = ${account}::bigint and b.expunged_seq is null order by b.name collate "C"`
    : sql.read<MailboxName[]>`
        select b.name, b.special_use as "specialUse" from mailboxes_at(${account}::bigint, ${under}::text) as b
         order by b.name collate "C"`;
}

/** The names subscribed to, which need not exist, in no order. */
export async function listSubscriptions(sql: Sql | Transaction, account: AccountId): Promise<readonly string[]> {
  const rows = await sql.read<{ name: string }[]>`select name from subscriptions where account_id = ${account}::bigint`;
  return rows.map(({ name }) => name);
}

/**
 * The mailboxes of an account, by name.
 *
 * @param under as in listNames
 */
export async function listMailboxes(
  sql: Sql | Transaction,
  account: AccountId,
  under: string | null,
): Promise<readonly Mailbox[]> {
  return under === null
    ? sql.read<Mailbox[]>`
        select ${mailboxColumns(sql)} from mailboxes as b
         where b.account_id = ${account} and b.expunged_seq is null order by b.name collate "C"`
    : sql.read<Mailbox[]>`
        select ${mailboxColumns(sql)} from mailboxes_at(${account}::bigint, ${under}::text) as b order by b.name collate "C"`;
}

/** A FoundMailbox as it is read; `found` makes it whole. */
export type FoundRow = Omit<FoundMailbox, 'quota' | 'roomOctets'> & QuotaRow;

/** Of `mailboxes as b` and `accounts as a`. */
export const foundColumns = (sql: Sql | Transaction) => sql`
  ${mailboxColumns(sql)}, a.modseq as "accountModSeq", ${quotaColumns(sql)}`;

export function found(row: FoundRow): FoundMailbox {
  const quota = quotaOf(row);
  return { ...row, quota, roomOctets: roomOctets(quota) };
}

/** Null if there is none of that name. INBOX is the caller's to spell (RFC 9051 §5.1). */
export async function findMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  name: string,
): Promise<FoundMailbox | null> {
  const [row] = await sql.read<FoundRow[]>`
    select ${foundColumns(sql)}
      from mailboxes as b join accounts as a using (account_id)
     where b.account_id = ${account} and b.name = ${name}::text and b.expunged_seq is null`;
  return row === undefined ? null : found(row);
}

const failures = {
  nonexistent: 'No such mailbox',
  exists: 'There is a mailbox of that name already',
  'name-refused': 'The name, or that of a mailbox below, would be too long, or below itself',
  'use-taken': 'Another mailbox has that special use',
  'over-quota': 'The account has as many mailboxes as it may have',
  'too-many-names': 'An account can have no more mailboxes',
  'too-many-keywords': 'The mailbox has as many keywords as it may have',
  'uid-exhausted': 'The mailbox has no UIDs left',
} as const satisfies { readonly [kind in StorageErrorKind]?: string };

type Failing = keyof typeof failures;

/** The row of a function that answers with a status, if that is 'ok'. */
function succeeded<Row extends { readonly status: 'ok' | Failing }>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('the database gave no answer');
  if (row.status !== 'ok') throw new StorageError(row.status, failures[row.status]);
  return row;
}

/**
 * Creates a mailbox, and the superiors that are missing, in one transaction. A level that other mailboxes are below is there
 * already, though it has no mailbox of its own.
 *
 * @throws {StorageError} 'exists', 'use-taken', 'over-quota', 'too-many-names', 'nonexistent' (account)
 */
export async function createMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  name: string,
  specialUse: string | null,
): Promise<{ readonly id: MailboxId; readonly uidvalidity: number; readonly modseq: ModSeq }> {
  return succeeded(
    await sql<{ status: 'ok' | Failing; id: MailboxId; uidvalidity: number; modseq: ModSeq }[]>`
      select status, mailbox_id as id, uidvalidity, mod_seq as modseq
        from create_mailbox(${account}::bigint, ${name}::text, ${specialUse}::text, ${MAILBOXES}::bigint)`,
  );
}

/**
 * Deletes a mailbox with its messages; or, of more than MESSAGES_AT_ONCE, deletes so many and wants to be called again. Names
 * below keep theirs: the name then stays as a level of hierarchy (RFC 3501 §6.3.4).
 *
 * @param name if it has another name now, it is as if it was not there; null for any
 * @returns the modseq of the change
 * @throws {StorageError} 'nonexistent'
 */
export async function deleteMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  mailbox: MailboxId,
  name: string | null,
): Promise<{ readonly modseq: ModSeq; readonly isDone: boolean }> {
  const [row] = await sql<({ status: 'ok' | 'not-empty'; modseq: ModSeq } | { status: 'nonexistent'; modseq: null })[]>`
    select status, mod_seq as modseq
      from delete_mailbox(${account}::bigint, ${mailbox}::bigint, ${name}::text, ${MESSAGES_AT_ONCE}::integer)`;
  if (row === undefined || row.status === 'nonexistent') throw new StorageError('nonexistent', failures.nonexistent);
  return { modseq: row.modseq, isDone: row.status === 'ok' };
}

/**
 * Renames a mailbox, or a level without one, and all that is below, in one transaction. Superiors that are missing are made;
 * UIDVALIDITY stays. Who has one of them selected keeps it.
 *
 * Subscriptions to the old names stay as they are (RFC 9051 §6.3.6; RFC 3501 §6.3.6 forbids to take them away), and the new
 * names are subscribed where the old ones were: clients that show only what is subscribed would lose the mailbox otherwise,
 * and most of them see to the renamed one alone and forget those below it.
 *
 * @throws {StorageError} 'nonexistent', 'exists', 'name-refused', 'over-quota', 'too-many-names'
 */
export async function renameMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  from: string,
  to: string,
): Promise<ModSeq> {
  const { modseq } = succeeded(
    await sql<{ status: 'ok' | Failing; modseq: ModSeq }[]>`
      select status, mod_seq as modseq from rename_mailbox(
        ${account}::bigint, ${from}::text, ${to}::text, ${MAILBOX_NAME_OCTETS}::integer, ${MAILBOX_LEVELS}::integer,
        ${MAILBOXES}::bigint, ${SUBSCRIPTIONS}::bigint)`,
  );
  return modseq;
}

/** How far the messages of INBOX have gone to the mailbox that RENAME made. */
export interface InboxRenamed {
  readonly modseq: ModSeq;
  readonly inbox: MailboxId;
  readonly mailbox: MailboxId;
  /** Messages above this came later and stay in INBOX. */
  readonly lastUid: number;
  readonly isDone: boolean;
}

/**
 * RENAME of INBOX (RFC 3501 §6.3.5): makes a mailbox and moves the messages of INBOX to it. Mailboxes below INBOX stay. Up to
 * MESSAGES_AT_ONCE it is one transaction; the rest goes with `continueInboxRename`, after which a failure leaves messages in
 * both places, each of them once.
 *
 * @throws {StorageError} 'exists', 'over-quota', 'too-many-names'
 */
export async function renameInbox(sql: Sql | Transaction, account: AccountId, to: string): Promise<InboxRenamed> {
  return succeeded(
    await sql<(InboxRenamed & { status: 'ok' | Failing })[]>`
      select status, mod_seq as modseq, inbox_id as inbox, mailbox_id as mailbox, last_uid as "lastUid", is_done as "isDone"
        from rename_inbox(${account}::bigint, ${to}::text, ${MAILBOXES}::bigint, ${MESSAGES_AT_ONCE}::integer)`,
  );
}

/**
 * @returns a null modseq if nothing was left
 * @throws {StorageError} 'nonexistent' if the new mailbox was deleted, 'too-many-keywords', 'uid-exhausted'
 */
export async function continueInboxRename(
  sql: Sql | Transaction,
  account: AccountId,
  begun: InboxRenamed,
): Promise<{ readonly modseq: ModSeq | null; readonly isDone: boolean }> {
  return succeeded(
    await sql<{ status: 'ok' | Failing; modseq: ModSeq | null; isDone: boolean }[]>`
      select status, mod_seq as modseq, is_done as "isDone" from pour_mailbox(
        ${account}::bigint, ${begun.inbox}::bigint, ${begun.mailbox}::bigint, ${begun.lastUid}::bigint, ${MESSAGES_AT_ONCE}::integer)`,
  );
}

/**
 * Subscribes to a name, which need not exist.
 *
 * @returns null if it was subscribed already
 * @throws {StorageError} 'too-many-names'
 */
export async function subscribe(sql: Sql | Transaction, account: AccountId, name: string): Promise<ModSeq | null> {
  const [row] = await sql<{ modseq: ModSeq | null }[]>`
    select subscribe_name(${account}::bigint, ${name}::text, ${SUBSCRIPTIONS}::bigint) as modseq`;
  if (row?.modseq === 0) throw new StorageError('too-many-names', 'An account can have no more subscriptions');
  return row?.modseq ?? null;
}

/** @returns null if it was not subscribed */
export async function unsubscribe(sql: Sql | Transaction, account: AccountId, name: string): Promise<ModSeq | null> {
  const [row] = await sql<{ modseq: ModSeq | null }[]>`
    select unsubscribe_name(${account}::bigint, ${name}::text) as modseq`;
  return row?.modseq ?? null;
}
