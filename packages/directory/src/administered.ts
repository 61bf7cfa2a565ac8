import type { AccountId, Sql, Transaction } from '@postel/storage';
import { acceptAddress, noSuchAddress } from './addresses.ts';
import { noSuchAlias } from './aliases.ts';
import { DirectoryError } from './errors.ts';
import { noSuchAccount } from './find-account.ts';
import { acceptDomain, noSuchDomain } from './find-domain.ts';

/** Whose domains bound what is looked at or changed; null: nobody's, it is all of the server. */
export type Administrator = AccountId | null;

/** What an administrator of domains is about to look at or to change. */
export type Administered =
  /** An account that is theirs. */
  | { readonly account: string }
  /** One that is theirs, or their own: who may get an address of a domain that is theirs, or its catchall. */
  | { readonly holder: string }
  | { readonly domain: string }
  /** Where a new address or alias is to be: its domain. */
  | { readonly newAddress: string }
  /** An address of an account, in a domain that is theirs, of a holder as above. */
  | { readonly address: string }
  | { readonly alias: string };

/** Somebody who changes things within domains. */
export interface Within {
  readonly administrator: AccountId;
  readonly about: readonly Administered[];
}

/** The ids of the domains of an administrator, while that is what the account is. */
export const domainsOf = (sql: Sql['read'] | Transaction, administrator: AccountId) => sql`
  (select domain_id from administered_domains join accounts as admin using (account_id)
    where account_id = ${administrator} and admin.role = 'domain-admin' and not admin.is_disabled)`;

/**
 * Whether an account, in `accounts as account`, is an administrator's: an ordinary one, that has addresses, all of them in domains of
 * theirs, and that is the catchall of no other domain.
 */
export const isTheirs = (sql: Sql['read'] | Transaction, administrator: Administrator) =>
  administrator === null
    ? sql`true`
    : sql`
  (account.role = 'account'
   and exists (select from addresses as o where o.account_id = account.account_id)
   and not exists (select from addresses as o where o.account_id = account.account_id
                      and o.domain_id not in ${domainsOf(sql, administrator)})
   and not exists (select from domains as c where c.catchall_account_id = account.account_id
                      and c.domain_id not in ${domainsOf(sql, administrator)}))`;

/**
 * That all of it is theirs.
 *
 * @throws {DirectoryError} as for what is not there: who asks learns nothing of what is others'
 */
export async function requireAdministered(
  tx: Sql['read'] | Transaction,
  { administrator, about }: Within,
): Promise<void> {
  for (const each of about) await requireOne(tx, administrator, each);
}

async function requireOne(tx: Sql['read'] | Transaction, administrator: AccountId, about: Administered): Promise<void> {
  if ('account' in about || 'holder' in about) {
    const name = 'account' in about ? about.account : about.holder;
    const own = 'holder' in about ? administrator : null;
    const [found] = await tx`
      select from accounts as account
       where name = ${name} and (account_id = ${own}::bigint or ${isTheirs(tx, administrator)})`;
    if (found === undefined) throw noSuchAccount(name);
    return;
  }
  if ('domain' in about) return await requireDomain(tx, administrator, acceptDomain(about.domain));
  if ('newAddress' in about) {
    return await requireDomain(tx, administrator, acceptAddress(about.newAddress).domain);
  }
  const isAlias = 'alias' in about;
  const address = acceptAddress(isAlias ? about.alias : about.address);
  const { localPart, writtenPart, domain } = address;
  const local = tx`case when d.is_case_sensitive then ${writtenPart} else ${localPart} end`;
  const [found] = isAlias
    ? await tx`
        select from aliases as b join domains as d using (domain_id)
         where d.name = ${domain} and b.local_part = ${local} and domain_id in ${domainsOf(tx, administrator)}`
    : await tx`
        select from addresses as b join domains as d using (domain_id) join accounts as account using (account_id)
         where d.name = ${domain} and b.local_part = ${local} and domain_id in ${domainsOf(tx, administrator)}
           and (account_id = ${administrator}::bigint or ${isTheirs(tx, administrator)})`;
  if (found === undefined) throw isAlias ? noSuchAlias(address) : noSuchAddress(address);
}

async function requireDomain(tx: Sql['read'] | Transaction, administrator: AccountId, domain: string): Promise<void> {
  const [found] = await tx`
    select from domains where name = ${domain} and domain_id in ${domainsOf(tx, administrator)}`;
  if (found === undefined) throw noSuchDomain(domain);
}

/** Domains by name, that there are. @throws {DirectoryError} 'no-such-domain', 'invalid-domain', 'invalid-name' for none at all */
export async function setAdministered(tx: Transaction, account: AccountId, names: readonly string[]): Promise<void> {
  await tx`delete from administered_domains where account_id = ${account}`;
  for (const domain of new Set(names.map(acceptDomain))) {
    const inserted = await tx`
      insert into administered_domains (account_id, domain_id)
      select ${account}::bigint, domain_id from domains where name = ${domain}`;
    if (inserted.count === 0) throw noSuchDomain(domain);
  }
}

/** @throws {DirectoryError} 'invalid-name' */
export function requireDomains(role: string, domains: readonly string[]): void {
  if (role === 'domain-admin' && domains.length === 0) {
    throw new DirectoryError('invalid-name', 'Who administers domains needs one at least: say which');
  }
  if (role !== 'domain-admin' && domains.length > 0) {
    throw new DirectoryError('invalid-name', `Domains are for the role domain-admin: ${role} has none`);
  }
}

/** Who administers a domain, by name. */
export async function administratorsOf(tx: Transaction, domainId: number): Promise<readonly string[]> {
  const rows = await tx<{ name: string }[]>`
    select name from administered_domains join accounts using (account_id) where domain_id = ${domainId} order by name`;
  return rows.map(({ name }) => name);
}
