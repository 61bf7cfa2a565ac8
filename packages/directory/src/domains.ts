import type { Sql, Transaction } from '@postel/storage';
import { canonicalDomain } from './domain-name.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { changeDirectory } from './transaction.ts';

export async function addDomain(sql: Sql, name: string): Promise<void> {
  const domain = acceptDomain(name);
  await changeDirectory(sql, async (tx) => {
    await ensureDomain(tx, domain);
  });
}

export async function setCatchall(sql: Sql, name: string, accountName: string | null): Promise<void> {
  const domain = acceptDomain(name);
  await changeDirectory(sql, async (tx) => {
    const domainId = await findDomain(tx, domain);
    const accountId = accountName === null ? null : await findAccount(tx, accountName);
    await tx`update domains set catchall_account_id = ${accountId} where domain_id = ${domainId}`;
  });
}

/** @throws {DirectoryError} 'no-such-domain' */
export async function findDomain(tx: Transaction, domain: string): Promise<number> {
  const [row] = await tx<{ domain_id: number }[]>`select domain_id from domains where name = ${domain}`;
  if (row === undefined) {
    throw new DirectoryError('no-such-domain', `${domain} is not a domain of this server: add it first`);
  }
  return row.domain_id;
}

export async function ensureDomain(tx: Transaction, domain: string): Promise<number> {
  await tx`insert into domains (name) values (${domain}) on conflict (name) do nothing`;
  return await findDomain(tx, domain);
}

function acceptDomain(name: string): string {
  const domain = canonicalDomain(name);
  if (domain === null) throw new DirectoryError('invalid-domain', `${JSON.stringify(name)} is not a domain name`);
  return domain;
}
