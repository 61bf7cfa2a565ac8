import type { AccountId, Sql, Transaction } from '@postel/storage';
import {
  type Address,
  type CanonicalAddress,
  canonicalAddress,
  formatAddress,
  parseAddress,
  withoutDetail,
} from './address.ts';
import type { RecipientResolution } from './directory.ts';
import { canonicalDomain } from './domain-name.ts';
import { findDomain } from './domains.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { changeDirectory, readDirectory } from './transaction.ts';

export async function addAddress(sql: Sql, accountName: string, text: string): Promise<void> {
  const address = acceptAddress(text);
  await changeDirectory(sql, async (tx) => {
    const accountId = await findAccount(tx, accountName);
    await insertAddress(tx, accountId, await findDomain(tx, address.domain), address);
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

/** @throws {DirectoryError} 'address-exists' */
export async function insertAddress(
  tx: Transaction,
  accountId: AccountId,
  domainId: number,
  address: CanonicalAddress,
): Promise<void> {
  const inserted = await tx`
    insert into addresses (domain_id, local_part, account_id) values (${domainId}, ${address.localPart}, ${accountId})
    on conflict do nothing`;
  if (inserted.count === 0) {
    throw new DirectoryError('address-exists', `The address ${formatAddress(address)} is taken`);
  }
}

export async function resolveRecipient(sql: Sql, address: Address): Promise<RecipientResolution> {
  const domain = canonicalDomain(address.domain);
  if (domain === null) return { type: 'not-local' };
  const localPart = canonicalAddress(address)?.localPart ?? null;

  const [row] = await readDirectory(
    () => sql<{ accountId: AccountId | null; accountName: string | null }[]>`
      select account.account_id as "accountId", account.name as "accountName"
        from domains as domain
        left join addresses as exact
               on exact.domain_id = domain.domain_id and exact.local_part = ${localPart}
        left join addresses as base
               on base.domain_id = domain.domain_id and base.local_part = ${localPart === null ? null : withoutDetail(localPart)}
        left join accounts as account
               on account.account_id = coalesce(exact.account_id, base.account_id, domain.catchall_account_id)
       where domain.name = ${domain}`,
  );
  if (row === undefined) return { type: 'not-local' };
  // A local part that is none can be nobody's, not even the catchall's.
  if (localPart === null || row.accountId === null || row.accountName === null) return { type: 'unknown-address' };
  return { type: 'account', accountId: row.accountId, accountName: row.accountName };
}

/** Whether the account has exactly this address. */
export async function hasAddress(sql: Sql, accountId: AccountId, address: CanonicalAddress): Promise<boolean> {
  const rows = await readDirectory(
    () => sql`
      select from addresses join domains using (domain_id)
       where account_id = ${accountId} and name = ${address.domain} and local_part = ${address.localPart}`,
  );
  return rows.length > 0;
}
