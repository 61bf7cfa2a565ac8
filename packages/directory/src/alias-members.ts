import type { AccountId, Sql } from '@postel/storage';
import type { Address } from './address.ts';
import { expandAlias } from './expand-alias.ts';
import { type RecentRecipients, resolveRecipient } from './resolve-recipient.ts';
import { readDirectory } from './transaction.ts';

/** An alias, as a member of it sees it. */
export interface AccountAlias {
  readonly address: string;
  readonly isList: boolean;
  readonly maySendAs: boolean;
}

/** See Directory.mayUseAddress. */
export async function mayUseAddress(
  sql: Sql,
  account: AccountId,
  address: Address,
  recent: RecentRecipients,
): Promise<boolean> {
  const recipient = await resolveRecipient(sql, address, recent);
  if (recipient.type === 'account') return recipient.accountId === account && !recipient.isDisabled;
  if (recipient.type !== 'alias' || !recipient.maySendAs || recipient.isDisabled) return false;
  const { accounts } = await expandAlias(sql, recipient, { account, address: null });
  return accounts.some(({ accountId }) => accountId === account);
}

/** See Directory.visibleMembers. */
export async function visibleMembers(
  sql: Sql,
  account: AccountId,
  address: Address,
): Promise<readonly string[] | null> {
  const recipient = await resolveRecipient(sql, address, null);
  if (recipient.type !== 'alias' || !recipient.showsMembers) return null;
  const { accounts } = await expandAlias(sql, recipient, { account, address: null });
  if (!accounts.some(({ accountId }) => accountId === account)) return null;
  const rows = await readDirectory(
    () => sql.read<{ member: string }[]>`
      select local_part || '@' || domain as member from alias_entries
       where alias_id = ${recipient.aliasId} and is_member order by domain, folded_part`,
  );
  return rows.map(({ member }) => member);
}

/** Of the aliases of which an account is a member by one of its addresses, by address. */
export async function aliasesOf(sql: Sql, account: AccountId): Promise<readonly AccountAlias[]> {
  return await readDirectory(
    () => sql.read<AccountAlias[]>`
      select distinct a.local_part || '@' || d.name as address, a.is_list as "isList", a.may_send_as as "maySendAs"
        from addresses as own join domains as home on home.domain_id = own.domain_id
        join alias_entries as e on e.domain = home.name and e.is_member
                               and case when home.is_case_sensitive then e.local_part else e.folded_part end = own.local_part
        join aliases as a on a.alias_id = e.alias_id join domains as d on d.domain_id = a.domain_id
       where own.account_id = ${account} order by 1`,
  );
}
