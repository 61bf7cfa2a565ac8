import type { Sql, Transaction } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { type FoundMailbox, type FoundRow, found, foundColumns, type Mailbox, mailboxColumns } from './mailboxes.ts';
import { formatRights, parseRights, type Rights } from './rights.ts';
import { numberArray, textArray } from './sql-arrays.ts';

/** Entries in the lists of all mailboxes of an account, so that who shows them reads no more. */
export const RIGHTS_AN_ACCOUNT = 10_000;

/** Stands for everybody in the database. */
const ANYONE = 0;

/** Whom an entry in a mailbox's list of rights is about (RFC 4314 §2). */
export interface Grantee {
  /** Null: everybody. */
  readonly account: AccountId | null;
  /** Whether its rights are taken away, whatever others give. */
  readonly isNegative: boolean;
}

export interface RightsEntry extends Grantee {
  /** Of the account; null for everybody. */
  readonly name: string | null;
  readonly rights: Rights;
}

export interface RightsEdit {
  readonly mode: 'add' | 'remove' | 'replace';
  readonly rights: Rights;
}

const failures = {
  nonexistent: 'No such mailbox',
  'too-many-rights': 'The account has shared its mailboxes with as many as it can',
} as const;

/**
 * Changes one entry of a mailbox's list, under one new modseq of the owner. An entry without rights goes.
 *
 * @returns null if all was as it is
 * @throws {StorageError} 'nonexistent', also if the account that the entry is about has gone; 'too-many-rights'
 */
export async function setRights(
  tx: Transaction,
  owner: AccountId,
  mailbox: MailboxId,
  { account, isNegative }: Grantee,
  { mode, rights }: RightsEdit,
): Promise<ModSeq | null> {
  const [row] = await tx<{ status: 'ok' | keyof typeof failures; modseq: ModSeq | null }[]>`
    select status, mod_seq as modseq from set_rights(
      ${owner}::bigint, ${mailbox}::bigint, ${account ?? ANYONE}::bigint, ${isNegative}::boolean, ${mode}::text,
      ${formatRights(rights)}::text, ${RIGHTS_AN_ACCOUNT}::bigint)`;
  if (row === undefined) throw new Error('the database gave no answer');
  if (row.status !== 'ok') throw new StorageError(row.status, failures[row.status]);
  return row.modseq;
}

/** The list of a mailbox, without its owner, who is in none: everybody first, then by name, and what is given before what is taken away. */
export async function readRights(
  sql: Sql | Transaction,
  owner: AccountId,
  mailbox: MailboxId,
): Promise<readonly RightsEntry[]> {
  const rows = await sql.read<
    { account: AccountId | null; name: string | null; isNegative: boolean; rights: string }[]
  >`
    select a.account_id as account, a.name, l.is_negative as "isNegative", l.rights
      from acls as l left join accounts as a on a.account_id = l.reader_id
     where l.account_id = ${owner}::bigint and l.mailbox_id = ${mailbox}::bigint
       and (l.reader_id = ${ANYONE}::bigint or a.account_id is not null)
     order by a.name collate "C" nulls first, l.is_negative`;
  return rows.map((row) => ({ ...row, rights: parseRights(row.rights) }));
}

/** A mailbox of somebody else, and what the reader may do with it. */
export interface SharedWith {
  /** The name of the account whose it is. */
  readonly owner: string;
  readonly rights: Rights;
}

interface RightsRow {
  /** Letters, in any order and several times. */
  readonly given: string | null;
  readonly taken: string | null;
}

/** What the entries for a reader and for everybody, that are `l`, come to. */
const rightsColumns = (sql: Sql) => sql`
  string_agg(l.rights, '') filter (where not l.is_negative) as given,
  string_agg(l.rights, '') filter (where l.is_negative) as taken`;

function rightsOf({ given, taken }: RightsRow): Rights {
  return parseRights(given ?? '').difference(parseRights(taken ?? ''));
}

/**
 * A mailbox of another account by that account's name. One look, whether it is there or not, and whether the reader may know of it
 * or not.
 *
 * @returns null if there is none in which the reader has rights; nobody is given those to a mailbox of one's own
 */
export async function findSharedMailbox(
  sql: Sql,
  reader: AccountId,
  owner: string,
  name: string,
): Promise<(FoundMailbox & SharedWith) | null> {
  const [row] = await sql.read<(FoundRow & RightsRow & { owner: string })[]>`
    select ${foundColumns(sql)}, a.name as owner, r.given, r.taken
      from accounts as a join mailboxes as b using (account_id)
     cross join lateral (
       select ${rightsColumns(sql)} from acls as l
        where l.account_id = b.account_id and l.mailbox_id = b.mailbox_id and l.reader_id in (${reader}::bigint, ${ANYONE}::bigint)) as r
     where a.name = ${owner}::text and a.account_id <> ${reader}::bigint and b.name = ${name}::text and b.expunged_seq is null`;
  if (row === undefined) return null;
  const { given, taken, ...mailbox } = row;
  const rights = rightsOf({ given, taken });
  return rights.size === 0 ? null : { ...found(mailbox), owner: row.owner, rights };
}

/** The nearest mailbox of another account among these names, from above downwards; it tells whose it is. Null if there is none. */
export async function findSuperior(
  sql: Sql,
  reader: AccountId,
  owner: string,
  names: readonly string[],
): Promise<{ readonly account: AccountId; readonly rights: Rights } | null> {
  const [row] = await sql.read<(RightsRow & { account: AccountId })[]>`
    select b.account_id as account, r.given, r.taken
      from accounts as a
     cross join lateral (
       select b.account_id, b.mailbox_id from unnest(${textArray(names)}::text[]) with ordinality as n (name, depth)
         join mailboxes as b on b.account_id = a.account_id and b.name = n.name and b.expunged_seq is null
        order by n.depth desc limit 1) as b
     cross join lateral (
       select ${rightsColumns(sql)} from acls as l
        where l.account_id = b.account_id and l.mailbox_id = b.mailbox_id and l.reader_id in (${reader}::bigint, ${ANYONE}::bigint)) as r
     where a.name = ${owner}::text and a.account_id <> ${reader}::bigint`;
  return row === undefined ? null : { account: row.account, rights: rightsOf(row) };
}

/** What a reader may do with a mailbox of another account now; nothing if it is not there. */
export async function readRightsOf(sql: Sql, reader: AccountId, owner: AccountId, mailbox: MailboxId): Promise<Rights> {
  const [row] = await sql.read<RightsRow[]>`
    select ${rightsColumns(sql)} from acls as l join mailboxes as b using (account_id, mailbox_id)
     where l.account_id = ${owner}::bigint and l.mailbox_id = ${mailbox}::bigint and b.expunged_seq is null
       and l.reader_id in (${reader}::bigint, ${ANYONE}::bigint)`;
  return row === undefined ? new Set() : rightsOf(row);
}

/** An account that has mailboxes in whose lists another stands, or everybody does. */
export interface Sharer {
  readonly id: AccountId;
  readonly name: string;
}

/** Who shares mailboxes with each of some readers, by name; perhaps none in which there is any right. */
export async function findSharers(
  sql: Sql,
  readers: readonly AccountId[],
): Promise<ReadonlyMap<AccountId, readonly Sharer[]>> {
  const rows = await sql.read<(Sharer & { reader: AccountId })[]>`
    select distinct r.reader, a.account_id as id, a.name
      from unnest(${numberArray(readers)}::bigint[]) as r (reader)
      join shares as s on s.account_id in (r.reader, ${ANYONE}::bigint) and s.owner_id <> r.reader
      join accounts as a on a.account_id = s.owner_id
     order by a.name`;
  return Map.groupBy(
    rows.map((row) => row),
    ({ reader }) => reader,
  );
}

/** The mailboxes of others in which a reader has rights, by owner and name. */
export async function listSharedMailboxes(sql: Sql, reader: AccountId): Promise<readonly (Mailbox & SharedWith)[]> {
  const rows = await sql.read<(Mailbox & RightsRow & { owner: string })[]>`
    select ${mailboxColumns(sql)}, a.name as owner, r.given, r.taken
      from (select distinct owner_id from shares
             where account_id in (${reader}::bigint, ${ANYONE}::bigint) and owner_id <> ${reader}::bigint) as s
     cross join lateral (
       select l.mailbox_id, ${rightsColumns(sql)} from acls as l
        where l.account_id = s.owner_id and l.reader_id in (${reader}::bigint, ${ANYONE}::bigint)
        group by l.mailbox_id) as r
      join accounts as a on a.account_id = s.owner_id
      join mailboxes as b on b.account_id = s.owner_id and b.mailbox_id = r.mailbox_id and b.expunged_seq is null
     order by a.name collate "C", b.name collate "C"`;
  return rows
    .map(({ given, taken, ...mailbox }) => ({ ...mailbox, rights: rightsOf({ given, taken }) }))
    .filter(({ rights }) => rights.size > 0);
}

/** What a reader may do with the mailbox of that name in another account, and with each below it, by the ids of the mailboxes. */
export async function rightsBelow(
  sql: Sql,
  reader: AccountId,
  owner: AccountId,
  name: string,
): Promise<ReadonlyMap<MailboxId, Rights>> {
  const rows = await sql.read<(RightsRow & { id: MailboxId })[]>`
    select b.mailbox_id as id, r.given, r.taken
      from mailboxes_at(${owner}::bigint, ${name}::text) as b
     cross join lateral (
       select ${rightsColumns(sql)} from acls as l
        where l.account_id = b.account_id and l.mailbox_id = b.mailbox_id and l.reader_id in (${reader}::bigint, ${ANYONE}::bigint)) as r`;
  return new Map(rows.map((row) => [row.id, rightsOf(row)]));
}

/** A mailbox takes its list with it. */
export async function removeRights(tx: Transaction, account: AccountId, mailbox: MailboxId): Promise<void> {
  await tx`select remove_rights(${account}::bigint, ${mailbox}::bigint)`;
}

/** Mailboxes that were made under a modseq, the one of that name or above it, get the lists of those above them: RFC 4314 §4. */
export async function inheritRights(tx: Transaction, account: AccountId, name: string, made: ModSeq): Promise<void> {
  await tx`select inherit_rights(${account}::bigint, ${name}::text, ${made}::bigint)`;
}
