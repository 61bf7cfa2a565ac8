import type { AccountId, Sql } from '@postel/storage';
import type { Address } from './address.ts';
import { expandAlias } from './expand-alias.ts';
import { resolveRecipient } from './resolve-recipient.ts';
import { readDirectory } from './transaction.ts';

/** See Directory.mayUseAddress. */
export async function mayUseAddress(sql: Sql, account: AccountId, address: Address): Promise<boolean> {
  const recipient = await resolveRecipient(sql, address);
  if (recipient.type === 'account') return recipient.accountId === account;
  if (recipient.type !== 'alias' || !recipient.maySendAs) return false;
  const { accounts } = await expandAlias(sql, recipient, { account, address: null });
  return accounts.some(({ accountId }) => accountId === account);
}

/** See Directory.visibleMembers. */
export async function visibleMembers(
  sql: Sql,
  account: AccountId,
  address: Address,
): Promise<readonly string[] | null> {
  const recipient = await resolveRecipient(sql, address);
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
