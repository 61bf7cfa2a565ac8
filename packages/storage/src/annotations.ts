import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { textArray } from './sql-arrays.ts';

/** Octets of an entry's value. RFC 5464 §4.1 asks for 1,024. */
export const ANNOTATION_OCTETS = 64 * 1024;
/** Entries of a mailbox, or of the server, that an account keeps. RFC 5464 §4.1 asks for 10. */
export const ANNOTATIONS_A_MAILBOX = 1_000;
/** All that an account keeps: one command may ask for all of it. */
export const ANNOTATIONS_AN_ACCOUNT = 10_000;
export const ANNOTATION_OCTETS_AN_ACCOUNT = 5 * 1024 * 1024;

/** What an annotation is about (RFC 5464 §3.1): a mailbox and whose it is, or the server, as one account sees it. */
export interface Annotated {
  readonly owner: AccountId;
  /** Null: the server. */
  readonly mailbox: MailboxId | null;
}

/** Entries to set, by name in lower case; null removes. */
export interface AnnotationEdit {
  /** Kept in the account of whoever sets them. */
  readonly private: ReadonlyMap<string, Buffer | null>;
  /** Kept in the account of the owner. */
  readonly shared: ReadonlyMap<string, Buffer | null>;
  /** Of a mailbox of one's own: a special use, '' for none; null to leave what it has. */
  readonly specialUse: string | null;
}

/** Which entries are asked for. */
export interface AnnotationQuery {
  /** In lower case, without a slash at the end. */
  readonly entries: readonly string[];
  /** How many levels below these are asked for too. */
  readonly depth: 0 | 1 | 'infinity';
  /** Values above this are not read; null for no limit. */
  readonly maxOctets: number | null;
}

/** An entry that has a value. */
export interface Annotation {
  readonly entry: string;
  readonly octets: number;
  /** Null if it is longer than was asked for. */
  readonly value: Buffer | null;
}

/** An entry that was set or removed. */
export interface AnnotationChange {
  readonly modseq: ModSeq;
  readonly entry: string;
  readonly owner: AccountId;
  /** Null: the server. */
  readonly mailbox: { readonly id: MailboxId; readonly name: string } | null;
}

const SERVER = 0;

const failures = {
  nonexistent: 'No such mailbox',
  'use-taken': 'Another mailbox has that special use',
  'too-many-annotations': 'There is no room for more metadata',
} as const;

/**
 * Sets the entries that one account keeps, all or none, under one modseq, which is also the HIGHESTMODSEQ of the mailbox if
 * that is its own. What others keep about it takes another transaction's part: see StoredAnnotations.set.
 *
 * @returns null if all was as it is
 * @throws {StorageError} 'nonexistent', 'use-taken', 'too-many-annotations'; then the caller rolls back
 */
export async function setAnnotations(
  tx: Transaction,
  account: AccountId,
  { owner, mailbox }: Annotated,
  entries: ReadonlyMap<string, Buffer | null>,
  specialUse: string | null,
): Promise<ModSeq | null> {
  const values = [...entries.values()].map((value) => (value === null ? null : `\\x${value.toString('hex')}`));
  const [row] = await tx<{ status: 'ok' | keyof typeof failures; modseq: ModSeq | null }[]>`
    select status, mod_seq as modseq from set_annotations(
      ${account}::bigint, ${owner}::bigint, ${mailbox ?? SERVER}::bigint, ${textArray([...entries.keys()])}::text[],
      ${textArray(values)}::bytea[], ${specialUse}::text, ${ANNOTATIONS_A_MAILBOX}::bigint, ${ANNOTATIONS_AN_ACCOUNT}::bigint,
      ${ANNOTATION_OCTETS_AN_ACCOUNT}::bigint)`;
  if (row === undefined) throw new Error('the database gave no answer');
  if (row.status !== 'ok') throw new StorageError(row.status, failures[row.status]);
  return row.modseq;
}

/**
 * The entries with a value that are asked for, by name: those under /private of the reader, all others of the owner.
 *
 * @param mailboxes of that owner; null for the server
 */
export async function readAnnotations(
  sql: Sql | Transaction,
  reader: AccountId,
  owner: AccountId,
  mailboxes: readonly MailboxId[] | null,
  { entries, depth, maxOctets }: AnnotationQuery,
): Promise<ReadonlyMap<MailboxId | null, readonly Annotation[]>> {
  const ids = mailboxes ?? [SERVER];
  const rows = await sql.read<(Annotation & { id: MailboxId })[]>`
    select n.mailbox_id as id, n.entry, octet_length(n.value) as octets,
           case when octet_length(n.value) <= coalesce(${maxOctets}::bigint, octet_length(n.value)) then n.value end as value
      from annotations as n
     where n.account_id in (${reader}::bigint, ${owner}::bigint) and n.owner_id = ${owner}::bigint
       and n.mailbox_id = any (${`{${ids.join(',')}}`}::bigint[]) and n.value is not null
       and n.account_id = case when starts_with(n.entry, '/private/') then ${reader}::bigint else ${owner}::bigint end
       and (n.entry = any (${textArray(entries)}::text[])
            or ${depth !== 0}::boolean and exists (
              select from unnest(${textArray(entries)}::text[]) as asked (entry)
               where starts_with(n.entry, asked.entry || '/')
                 and (${depth === 'infinity'}::boolean or position('/' in substring(n.entry from length(asked.entry) + 2)) = 0)))
     order by n.mailbox_id, n.entry collate "C"`;
  const found = new Map<MailboxId | null, Annotation[]>();
  for (const { id, entry, octets, value } of rows) {
    const key = mailboxes === null ? null : id;
    const annotations = found.get(key) ?? [];
    annotations.push({ entry, octets, value });
    found.set(key, annotations);
  }
  return found;
}

/**
 * Entries that an account keeps and that were set or removed after `since`, about mailboxes that are there, by mailbox and name;
 * and the modseq of the account up to which these are all.
 */
export async function changedAnnotations(
  sql: Sql | Transaction,
  account: AccountId,
  since: number,
): Promise<{ readonly upTo: number; readonly changes: readonly AnnotationChange[] }> {
  const rows = await sql.read<
    { upTo: number; modseq: ModSeq; entry: string | null; owner: AccountId; id: MailboxId; name: string | null }[]
  >`
    select a.modseq as "upTo", n.*
      from accounts as a
      left join lateral (
        select n.mod_seq as modseq, n.entry, n.owner_id as owner, n.mailbox_id as id, b.name
          from annotations as n
          left join mailboxes as b on b.account_id = n.owner_id and b.mailbox_id = n.mailbox_id and b.expunged_seq is null
         where n.account_id = a.account_id and n.mod_seq > ${since}::bigint and (n.mailbox_id = ${SERVER}::bigint or b.name is not null)
        ) as n on true
     where a.account_id = ${account}::bigint
     order by n.name collate "C" nulls first, n.entry collate "C"`;
  const changes: AnnotationChange[] = [];
  for (const { modseq, entry, owner, id, name } of rows) {
    if (entry !== null) changes.push({ modseq, entry, owner, mailbox: name === null ? null : { id, name } });
  }
  return { upTo: rows[0]?.upTo ?? since, changes };
}

/**
 * Gives a mailbox what the account keeps about another: RENAME of INBOX, which stays (RFC 5464 §4.1).
 *
 * @throws {StorageError} 'too-many-annotations'; then the caller rolls back
 */
export async function copyAnnotations(
  tx: Transaction,
  account: AccountId,
  from: MailboxId,
  to: MailboxId,
  modseq: ModSeq,
): Promise<void> {
  const { count } = await tx`
    insert into annotations (account_id, owner_id, mailbox_id, entry, value, create_seq, mod_seq)
    select account_id, owner_id, ${to}::bigint, entry, value, ${modseq}::bigint, ${modseq}::bigint from annotations
     where account_id = ${account}::bigint and owner_id = ${account}::bigint and mailbox_id = ${from}::bigint and value is not null`;
  if (count === 0) return;
  const [row] = await tx<{ refusal: 'too-many-annotations' | null }[]>`
    select refusal_of_annotations(
      ${account}::bigint, ${account}::bigint, ${to}::bigint, ${ANNOTATIONS_A_MAILBOX}::bigint, ${ANNOTATIONS_AN_ACCOUNT}::bigint,
      ${ANNOTATION_OCTETS_AN_ACCOUNT}::bigint) as refusal`;
  if (row?.refusal != null) throw new StorageError(row.refusal, failures[row.refusal]);
}

/** What the owner keeps about a mailbox goes with it (RFC 5464 §4.1). What others keep is pruned later: nobody can ask for it. */
export async function removeAnnotations(tx: Transaction, account: AccountId, mailbox: MailboxId): Promise<void> {
  await tx`
    delete from annotations
     where account_id = ${account}::bigint and owner_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint`;
}
