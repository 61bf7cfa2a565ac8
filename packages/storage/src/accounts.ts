import type { Sql, Transaction } from './database.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import { type AccountId, accountId } from './ids.ts';
import { numberArray, textArray } from './sql-arrays.ts';

/** What a new account has: INBOX, and the special uses of RFC 6154 §2 that mail programs look for. */
const DEFAULT_MAILBOXES = [
  { name: 'INBOX', specialUse: null },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Archive', specialUse: '\\Archive' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Junk', specialUse: '\\Junk' },
] as const;

/**
 * Makes an account with its default mailboxes, subscribed, and the limits that all have by default. The caller gives it
 * addresses and credentials in the same transaction.
 *
 * @throws {StorageError} 'exists'
 */
export async function createAccount(tx: Transaction, name: string): Promise<AccountId> {
  const account = (await createAccounts(tx, [name])).get(name);
  if (account === undefined) throw new Error(`The account ${name} was not made`);
  return account;
}

/** As `createAccount`, many by a few statements. @returns by name */
export async function createAccounts(
  tx: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, AccountId>> {
  // Whoever adds an account holds that row, so no other one gets the name meanwhile: also where accounts are spread over
  // partitions, none of which knows the names of the others.
  await tx`select from installation for no key update`;
  const rows = await tx<{ account_id: number; name: string }[]>`
    insert into accounts (name, next_uidvalidity)
    select g.name, greatest(extract(epoch from now())::bigint, uidvalidity_floor)
      from installation cross join unnest(${textArray(names)}::text[]) with ordinality as g (name, nth)
     where not exists (select from accounts as a where a.name = g.name)
     order by g.nth on conflict do nothing returning account_id, name`;
  const made = new Map(rows.map((row) => [row.name, accountId(row.account_id)]));
  const missing = names.find((name) => !made.has(name));
  if (missing !== undefined) throw new StorageError('exists', `There is an account ${missing} already`);
  const ids = numberArray([...made.values()]);
  const mailboxes = textArray(DEFAULT_MAILBOXES.map(({ name }) => name));
  await tx`
    select m.status
      from (select account_id, d.name, nullif(d.use, '') as use
              from unnest(${ids}::bigint[]) as account_id
             cross join unnest(${mailboxes}::text[], ${textArray(DEFAULT_MAILBOXES.map(({ specialUse }) => specialUse ?? ''))}::text[])
                        with ordinality as d (name, use, nth)
             order by account_id, nth) as wanted
     cross join lateral create_mailbox(wanted.account_id, wanted.name, wanted.use) as m`;
  await tx`
    insert into subscriptions (account_id, name, mod_seq)
    select account_id, d.name, modseq from accounts cross join unnest(${mailboxes}::text[]) as d (name)
     where account_id = any(${ids}::bigint[])`;
  // Last: an account has these mailboxes, however few it may have.
  await tx`
    update accounts set quota_octets = default_quota_octets, quota_messages = default_quota_messages,
           quota_mailboxes = default_quota_mailboxes
      from installation where account_id = any(${ids}::bigint[])`;
  return made;
}

/** The ids of accounts above one, ascending, so many at once. */
export async function listAccountIds(sql: Sql, above: number, limit: number): Promise<readonly AccountId[]> {
  const rows = await sql.read<{ account: AccountId }[]>`
    select account_id as account from accounts where account_id > ${above}::bigint
     order by account_id limit ${limit}::integer`;
  return rows.map(({ account }) => account);
}

/** Deletes all mail of an account, what was recorded of it, and the account. Its blobs are named in `removed_blobs`. */
export async function removeAccountMail(tx: Transaction, account: AccountId): Promise<void> {
  await tx`set local statement_timeout = 0`; // a large account takes longer than any other statement may
  await tx`select from accounts where account_id = ${account} for update`;
  await tx`delete from mail_transactions where account_id = ${account}`;
  await tx`update mail_transactions set sender_account_id = null where sender_account_id = ${account}`;
  await tx`delete from messages where account_id = ${account}`;
  await tx`delete from tombstones where account_id = ${account}`;
  await tx`delete from changes where account_id = ${account}`;
  await tx`delete from last_writes where account_id = ${account}`;
  await tx`
    insert into removed_blobs (account_id, blob_name)
    select account_id, blob_name from contents where account_id = ${account} and blob_name is not null`;
  await tx`delete from contents where account_id = ${account}`;
  await tx`delete from text_index where account_id = ${account}`;
  await tx`delete from thread_ids where account_id = ${account}`;
  await tx`delete from deliveries where account_id = ${account}`;
  await tx`delete from waiting_deliveries where account_id = ${account}`;
  await tx`delete from waiting_contents where account_id = ${account}`;
  await tx`delete from rejects where account_id = ${account}`;
  await tx`delete from held_messages where account_id = ${account}`;
  await tx`delete from held_copies where account_id = ${account}`;
  await tx`delete from held_delivered where account_id = ${account}`;
  await tx`delete from held_contents where account_id = ${account}`;
  await tx`delete from keywords where account_id = ${account}`;
  await tx`delete from subscriptions where account_id = ${account}`;
  await removeShares(tx, account);
  await tx`delete from annotations where account_id = ${account}`;
  await tx`delete from url_keys where account_id = ${account}`;
  await tx`delete from mailboxes where account_id = ${account}`;
  const [removed] = await tx<{ uidvalidity: number }[]>`
    delete from accounts where account_id = ${account} returning next_uidvalidity as uidvalidity`;
  if (removed === undefined) return;
  // Last, because every change of the directory takes that row.
  await tx`
    update installation set uidvalidity_floor = greatest(uidvalidity_floor, ${removed.uidvalidity}::bigint)`;
}

/**
 * Whatever ties an account to the mailboxes of others, in both directions. What others gave it was nobody's any more once it could
 * not log in, so that no account of theirs changes by this.
 */
async function removeShares(tx: Transaction, account: AccountId): Promise<void> {
  await tx`
    delete from acls using shares
     where shares.account_id = ${account} and acls.account_id = shares.owner_id and acls.reader_id = ${account}`;
  await tx`delete from shares where account_id = ${account}`;
  await tx`
    with gone as (delete from acls where account_id = ${account} returning reader_id)
    delete from shares using gone where shares.account_id = gone.reader_id and shares.owner_id = ${account}`;
}

/** What the change feed asks of an account. */
export interface AccountNews {
  readonly modseq: number;
  /** It went back in time: see `recoverAccount`. */
  readonly isRewound: boolean;
}

/** The newest modseq of accounts, of those that exist. */
export async function accountModSeqs(
  sql: Sql,
  accounts: Iterable<AccountId>,
): Promise<ReadonlyMap<AccountId, AccountNews>> {
  const rows = await sql.read<(AccountNews & { id: AccountId })[]>`
    select account_id as id, modseq, rewound_at is not null as "isRewound" from accounts
     where account_id = any(${numberArray(accounts)}::bigint[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** An account, and what it holds by its own count. */
export interface NamedAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly messages: number;
  readonly octets: number;
}

/** The account of that name, or all of them by ascending name. @throws {StorageError} 'unavailable' */
export async function findAccounts(sql: Sql, name: string | null): Promise<readonly NamedAccount[]> {
  try {
    return await sql.read<NamedAccount[]>`
      select account_id as id, name, used_messages as messages, used_octets as octets from accounts
       where ${name}::text is null or name = ${name}::text order by name`;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}
