import {
  type AccountId,
  createMailbox,
  HIERARCHY_DELIMITER,
  MAILBOX_LEVELS,
  MAILBOX_NAME_OCTETS,
  type MailboxId,
  type Sql,
  StorageError,
  subscribe,
  type Transaction,
} from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { type CanonicalAddress, formatAddress, parseAddress } from './address.ts';
import type { RecipientAccount } from './directory.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { findDomain, type LocalDomain } from './find-domain.ts';
import { readDirectory, revoke } from './transaction.ts';

/** An address of an account. */
export interface AddressSummary {
  readonly address: string;
  readonly account: string;
  /** Where its mail goes; null: to INBOX, as it does once the mailbox that was named is deleted. */
  readonly mailbox: string | null;
}

/** What is left out stays as it is. */
export interface AddressChange {
  readonly account?: string;
  /** Is made if it is missing; null: INBOX. The address follows it when it is renamed. */
  readonly mailbox?: string | null;
}

/** The addresses of accounts. Aliases have theirs: see Aliases. */
export interface Addresses {
  /** By domain and local part. @param account null: of all accounts */
  list(account: string | null): Promise<readonly AddressSummary[]>;
  /** @throws 'no-such-address' */
  read(address: string): Promise<AddressSummary>;
  /**
   * Gives an address another account, or mailbox. One that gets another account gets its INBOX, if no mailbox is named.
   *
   * @throws 'no-such-address', 'no-such-account', 'too-many-mailboxes'
   */
  change(address: string, change: AddressChange): Promise<void>;
  /** Of the mailbox that mail for a recipient goes to; null: INBOX. */
  mailboxName(recipient: Pick<RecipientAccount, 'accountId' | 'mailbox'>): Promise<string | null>;
  /** @throws 'no-such-address' */
  remove(address: string): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableAddresses = Pick<Addresses, 'list' | 'read' | 'mailboxName'>;

export function readableAddresses(sql: Sql): ReadableAddresses {
  return {
    list: (account) => readDirectory(() => selectAddresses(sql.read, { account })),
    read: (text) => readDirectory(() => readAddress(sql, acceptAddress(text))),
    async mailboxName({ accountId, mailbox }) {
      const [row] = await readDirectory(
        () => sql.read<{ name: string }[]>`
          select name from mailboxes
           where account_id = ${accountId} and mailbox_id = ${mailbox} and expunged_seq is null`,
      );
      return row?.name ?? null;
    },
  };
}

export function openAddresses(sql: Sql, actor: Actor): Addresses {
  return {
    ...readableAddresses(sql),
    change: (text, change) => changeAddress(sql, actor, acceptAddress(text), change),
    remove: (text) => removeAddress(sql, actor, acceptAddress(text)),
  };
}

export async function addAddress(
  sql: Sql,
  actor: Actor,
  accountName: string,
  text: string,
  mailboxName: string | null,
): Promise<void> {
  const address = acceptAddress(text);
  await revoke(sql, actor, async (tx, note) => {
    const accountId = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    const domain = await findDomain(tx, address.domain);
    await insertAddress(tx, accountId, domain, address);
    const mailbox = await ensureMailbox(tx, accountId, mailboxName);
    await tx`
      update addresses set mailbox_id = ${mailbox}
       where domain_id = ${domain.domainId} and local_part = ${localPartIn(domain, address)}`;
  });
}

/** @throws {DirectoryError} 'invalid-address' */
export function acceptAddress(text: string): CanonicalAddress {
  const address = parseAddress(text);
  if (address === null) {
    throw new DirectoryError('invalid-address', `${JSON.stringify(text)} is not an address like user@example.com`);
  }
  return address;
}

/** The local part as the domain stores and compares it. */
export function localPartIn({ isCaseSensitive }: LocalDomain, { localPart, writtenPart }: CanonicalAddress): string {
  return isCaseSensitive ? writtenPart : localPart;
}

/** @throws {DirectoryError} 'address-exists' */
export async function insertAddress(
  tx: Transaction,
  accountId: AccountId,
  domain: LocalDomain,
  address: CanonicalAddress,
): Promise<void> {
  await requireFree(tx, domain, address);
  await tx`
    insert into addresses (domain_id, local_part, account_id)
    values (${domain.domainId}, ${localPartIn(domain, address)}, ${accountId})`;
}

/** That no account and no alias has it. @throws {DirectoryError} 'address-exists' */
export async function requireFree(tx: Transaction, domain: LocalDomain, address: CanonicalAddress): Promise<void> {
  const { domainId } = domain;
  const localPart = localPartIn(domain, address);
  const [taken] = await tx<{ by: string }[]>`
    select 'an account' as by from addresses where domain_id = ${domainId} and local_part = ${localPart}
    union all select 'an alias' from aliases where domain_id = ${domainId} and local_part = ${localPart}`;
  if (taken !== undefined) {
    throw new DirectoryError('address-exists', `The address ${formatAddress(address)} is taken, by ${taken.by}`);
  }
}

/** Whether the account has exactly this address; null is none, and asked for all the same. */
export async function hasAddress(sql: Sql, accountId: AccountId, address: CanonicalAddress | null): Promise<boolean> {
  const { localPart, writtenPart, domain } = address ?? { localPart: null, writtenPart: null, domain: null };
  const rows = await readDirectory(
    () => sql.read`
      select from addresses join domains using (domain_id)
       where account_id = ${accountId} and name = ${domain}
         and local_part = case when is_case_sensitive then ${writtenPart} else ${localPart} end`,
  );
  return rows.length > 0;
}

interface AddressFilter {
  readonly account?: string | null;
  readonly address?: CanonicalAddress;
}

async function selectAddresses(
  sql: Sql['read'] | Transaction,
  { account = null, address }: AddressFilter,
): Promise<readonly AddressSummary[]> {
  // Two statements in effect: one for both would be planned for all addresses.
  const ofAccount = account === null ? sql`true` : sql`account.name = ${account}::text`;
  const isThis =
    address === undefined
      ? sql`true`
      : sql`d.name = ${address.domain}::text
            and a.local_part = case when d.is_case_sensitive then ${address.writtenPart}::text else ${address.localPart}::text end`;
  return await sql<AddressSummary[]>`
    select a.local_part || '@' || d.name as address, account.name as account, b.name as mailbox
      from addresses as a join domains as d using (domain_id) join accounts as account using (account_id)
      left join mailboxes as b on b.account_id = a.account_id and b.mailbox_id = a.mailbox_id and b.expunged_seq is null
     where ${ofAccount} and ${isThis}
     order by d.name, a.local_part`;
}

/** @throws {DirectoryError} 'no-such-address' */
async function readAddress(sql: Sql, address: CanonicalAddress): Promise<AddressSummary> {
  const [found] = await selectAddresses(sql.read, { address });
  if (found === undefined) throw noSuchAddress(address);
  return found;
}

async function changeAddress(sql: Sql, actor: Actor, address: CanonicalAddress, change: AddressChange): Promise<void> {
  await revoke(sql, actor, async (tx, note) => {
    const domain = await findDomain(tx, address.domain);
    const localPart = localPartIn(domain, address);
    const [row] = await tx<{ account: AccountId; name: string; mailbox: MailboxId | null }[]>`
      select account_id as account, name, mailbox_id as mailbox from addresses join accounts using (account_id)
       where domain_id = ${domain.domainId} and local_part = ${localPart}`;
    if (row === undefined) throw noSuchAddress(address);
    await note(accountSubject(row.name));
    if (change.account !== undefined) await note(accountSubject(change.account));
    const account = change.account === undefined ? row.account : await findAccount(tx, change.account);
    const kept = account === row.account ? row.mailbox : null;
    const mailbox = change.mailbox === undefined ? kept : await ensureMailbox(tx, account, change.mailbox);
    await tx`
      update addresses set account_id = ${account}, mailbox_id = ${mailbox}
       where domain_id = ${domain.domainId} and local_part = ${localPart}`;
  });
}

/** Null for INBOX, which is there whatever is deleted. @throws {DirectoryError} 'too-many-mailboxes', 'invalid-name' */
export async function ensureMailbox(
  tx: Transaction,
  account: AccountId,
  given: string | null,
): Promise<MailboxId | null> {
  const name = given === null ? 'INBOX' : acceptMailboxName(given);
  if (name === 'INBOX') return null;
  const [found] = await tx<{ id: MailboxId; isRejects: boolean }[]>`
    select mailbox_id as id, is_rejects as "isRejects" from mailboxes
     where account_id = ${account} and name = ${name}::text and expunged_seq is null`;
  if (found?.isRejects === true) {
    throw new DirectoryError('invalid-name', `${name} takes only mail that was not delivered: name another mailbox`);
  }
  if (found !== undefined) return found.id;
  try {
    const { id } = await createMailbox(tx, account, name, null);
    await subscribe(tx, account, name); // most mail programs show no others
    return id;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new DirectoryError('too-many-mailboxes', error.message, { cause: error });
  }
}

/** Wildcards of LIST, empty levels, and what Net-Unicode has no room for (RFC 5198). */
const NO_MAILBOX_NAME = /[*%]|\p{Cc}|\p{Cn}|\p{Cs}|^\u{feff}/u;

/** As the store spells it: NFC, and INBOX in any case. */
export function spellMailboxName(given: string): string {
  return given.normalize('NFC').replace(/^inbox(?![^/])/i, 'INBOX');
}

/** @throws {DirectoryError} 'invalid-name' */
function acceptMailboxName(given: string): string {
  const name = spellMailboxName(given);
  const levels = name.split(HIERARCHY_DELIMITER);
  const isTooLong = Buffer.byteLength(name) > MAILBOX_NAME_OCTETS || levels.length > MAILBOX_LEVELS;
  if (isTooLong || levels.includes('') || NO_MAILBOX_NAME.test(name)) {
    throw new DirectoryError('invalid-name', `${JSON.stringify(given)} is not the name of a mailbox, like Lists/news`);
  }
  return name;
}

async function removeAddress(sql: Sql, actor: Actor, address: CanonicalAddress): Promise<void> {
  await revoke(sql, actor, async (tx, note) => {
    const domain = await findDomain(tx, address.domain);
    const localPart = localPartIn(domain, address);
    const [row] = await tx<{ name: string }[]>`
      select name from addresses join accounts using (account_id)
       where domain_id = ${domain.domainId} and local_part = ${localPart}`;
    if (row === undefined) throw noSuchAddress(address);
    await note(accountSubject(row.name));
    await tx`delete from addresses where domain_id = ${domain.domainId} and local_part = ${localPart}`;
  });
}

export function noSuchAddress(address: CanonicalAddress): DirectoryError {
  return new DirectoryError('no-such-address', `No account has the address ${formatAddress(address)}`);
}
