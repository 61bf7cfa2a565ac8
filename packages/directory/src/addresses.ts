import type { AccountId, Sql, Transaction } from '@postel/storage';
import { type CanonicalAddress, formatAddress, parseAddress } from './address.ts';
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

/** Whether the account has exactly this address; null is none, and asked for all the same. */
export async function hasAddress(sql: Sql, accountId: AccountId, address: CanonicalAddress | null): Promise<boolean> {
  const { localPart, domain } = address ?? { localPart: null, domain: null };
  const rows = await readDirectory(
    () => sql.read`
      select from addresses join domains using (domain_id)
       where account_id = ${accountId} and name = ${domain} and local_part = ${localPart}`,
  );
  return rows.length > 0;
}
