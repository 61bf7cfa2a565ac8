import type { Sql, Transaction } from '@postel/storage';
import { canonicalDomain } from './domain-name.ts';
import { DirectoryError } from './errors.ts';

/** A local domain, as those need it that look for addresses in it. */
export interface LocalDomain {
  readonly domainId: number;
  readonly isCaseSensitive: boolean;
}

/** @throws {DirectoryError} 'no-such-domain' */
export async function findDomain(tx: Sql['read'] | Transaction, domain: string): Promise<LocalDomain> {
  const [row] = await tx<LocalDomain[]>`
    select domain_id as "domainId", is_case_sensitive as "isCaseSensitive" from domains where name = ${domain}`;
  if (row === undefined) throw noSuchDomain(domain);
  return row;
}

export function noSuchDomain(domain: string): DirectoryError {
  return new DirectoryError('no-such-domain', `${domain} is not a domain of this server: add it first`);
}

/** In the one form that is stored. @throws {DirectoryError} 'invalid-domain' */
export function acceptDomain(name: string): string {
  const domain = canonicalDomain(name);
  if (domain === null) throw new DirectoryError('invalid-domain', `${JSON.stringify(name)} is not a domain name`);
  return domain;
}
