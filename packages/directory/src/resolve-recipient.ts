import type { Sql } from '@postel/storage';
import { type Address, canonicalAddress, withoutDetail } from './address.ts';
import type { RecipientAccount, RecipientResolution } from './directory.ts';
import { canonicalDomain } from './domain-name.ts';
import { readDirectory } from './transaction.ts';

const UNKNOWN = { type: 'unknown-address' } as const;
const NOT_LOCAL = { type: 'not-local' } as const;

type AccountRow = Omit<RecipientAccount, 'type'>;

const columns = (sql: Sql) => sql`
  account.account_id as "accountId", account.name as "accountName", account.is_disabled as "isDisabled",
  account.quota_octets as "quotaOctets", account.quota_octets - account.used_octets as "freeOctets",
  account.quota_messages - account.used_messages as "freeMessages"`;

export async function resolveRecipient(sql: Sql, address: Address): Promise<RecipientResolution> {
  const domain = canonicalDomain(address.domain);
  if (domain === null) return NOT_LOCAL;
  const localPart = canonicalAddress(address)?.localPart ?? null;

  const [row] = await readDirectory(
    () => sql.read<(AccountRow | { accountId: null })[]>`
      select ${columns(sql)}
        from domains as domain
        left join addresses as exact
               on exact.domain_id = domain.domain_id and exact.local_part = ${localPart}
        left join addresses as base
               on base.domain_id = domain.domain_id and base.local_part = ${localPart === null ? null : withoutDetail(localPart)}
        left join accounts as account
               on account.account_id = coalesce(exact.account_id, base.account_id, domain.catchall_account_id)
       where domain.name = ${domain}`,
  );
  if (row === undefined) return NOT_LOCAL;
  // A local part that is none can be nobody's, not even the catchall's.
  if (localPart === null) return UNKNOWN;
  if (row.accountId !== null) return { type: 'account', ...row };
  return localPart === 'postmaster' ? await oldestAccount(sql, domain) : UNKNOWN;
}

export async function resolvePostmaster(sql: Sql, hostname: string): Promise<RecipientResolution> {
  const own = await resolveRecipient(sql, { localPart: 'postmaster', domain: hostname });
  return own.type === 'account' ? own : await oldestAccount(sql, null);
}

/**
 * The oldest account that has an address in the domain, else the oldest: whoever set the server up, most likely. Each
 * walks the accounts by age and stops at the first.
 */
async function oldestAccount(sql: Sql, domain: string | null): Promise<RecipientResolution> {
  const [row] = await readDirectory(
    () => sql.read<AccountRow[]>`
      select ${columns(sql)} from accounts as account
       where account_id = coalesce(
         (select a.account_id from accounts as a
           where not a.is_disabled
             and exists (select from addresses join domains using (domain_id)
                          where addresses.account_id = a.account_id and domains.name = ${domain}::text)
           order by a.account_id limit 1),
         (select a.account_id from accounts as a where not a.is_disabled order by a.account_id limit 1))`,
  );
  return row === undefined ? UNKNOWN : { type: 'account', ...row };
}
