import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { numberArray } from './sql-arrays.ts';

export const HIERARCHY_DELIMITER = '/';

/** A mailbox as LIST and STATUS see it. Counts are those of the moment of asking. */
export interface Mailbox {
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
}

const columns = (sql: Sql | Transaction) => sql`
  b.mailbox_id as id, b.name, b.special_use as "specialUse", b.uidvalidity, b.uid_next as "uidNext",
  b.highest_mod_seq as "highestModSeq", b.messages, b.unseen, b.deleted, b.octets, b.deleted_octets as "deletedOctets",
  b.recent_uid as "recentUid", least(b.messages, b.uid_next - 1 - b.recent_uid) as recent,
  exists (select from subscriptions as s where s.account_id = b.account_id and s.name = b.name) as "isSubscribed"`;

/** All mailboxes of an account, by name. */
export async function listMailboxes(sql: Sql | Transaction, account: AccountId): Promise<readonly Mailbox[]> {
  return sql<Mailbox[]>`
    select ${columns(sql)} from mailboxes as b
     where b.account_id = ${account} and b.expunged_seq is null order by b.name collate "C"`;
}

/** Null if there is none of that name. INBOX is the caller's to spell (RFC 9051 §5.1). */
export async function findMailbox(sql: Sql | Transaction, account: AccountId, name: string): Promise<Mailbox | null> {
  const [mailbox] = await sql<Mailbox[]>`
    select ${columns(sql)} from mailboxes as b
     where b.account_id = ${account} and b.name = ${name}::text and b.expunged_seq is null`;
  return mailbox ?? null;
}

/** The INBOX of each account that there is; it is never deleted. */
export async function findInboxes(
  sql: Sql,
  accounts: readonly AccountId[],
): Promise<ReadonlyMap<AccountId, MailboxId>> {
  const rows = await sql<{ account: AccountId; inbox: MailboxId }[]>`
    select account_id as account, mailbox_id as inbox from mailboxes
     where account_id = any(${numberArray(accounts)}::bigint[]) and name = 'INBOX' and expunged_seq is null`;
  return new Map(rows.map(({ account, inbox }) => [account, inbox]));
}

const createFailures = {
  nonexistent: 'No such account',
  exists: 'There is a mailbox of that name already',
  'over-quota': 'The account has as many mailboxes as it may have',
} as const;

/** @throws {StorageError} 'nonexistent' (account), 'exists', 'over-quota' */
export async function createMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  name: string,
  specialUse: string | null,
): Promise<{ readonly id: MailboxId; readonly uidvalidity: number; readonly modseq: ModSeq }> {
  const [row] = await sql<
    { status: 'ok' | keyof typeof createFailures; id: MailboxId; uidvalidity: number; modseq: ModSeq }[]
  >`
    select status, mailbox_id as id, uidvalidity, mod_seq as modseq
      from create_mailbox(${account}::bigint, ${name}::text, ${specialUse}::text)`;
  if (row === undefined) throw new Error('create_mailbox gave no answer');
  if (row.status !== 'ok') throw new StorageError(row.status, createFailures[row.status]);
  return row;
}

/**
 * Deletes a mailbox that holds no messages; expunge them first, in slices.
 *
 * @returns the modseq of the deletion, null if a message came in the meantime
 * @throws {StorageError} 'nonexistent'
 */
export async function deleteEmptyMailbox(
  sql: Sql | Transaction,
  account: AccountId,
  mailbox: MailboxId,
): Promise<ModSeq | null> {
  const [row] = await sql<{ status: 'ok' | 'nonexistent' | 'not-empty'; modseq: ModSeq }[]>`
    select status, mod_seq as modseq from delete_mailbox(${account}::bigint, ${mailbox}::bigint)`;
  if (row?.status === 'nonexistent') throw new StorageError('nonexistent', 'No such mailbox');
  return row?.status === 'ok' ? row.modseq : null;
}
