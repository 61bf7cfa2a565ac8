import type { AccountId, Sql } from '@postel/storage';
import type { Address } from './address.ts';
import { expandAlias } from './expand-alias.ts';
import { resolveRecipient } from './resolve-recipient.ts';

/** See Directory.mayUseAddress. */
export async function mayUseAddress(sql: Sql, account: AccountId, address: Address): Promise<boolean> {
  const recipient = await resolveRecipient(sql, address);
  if (recipient.type === 'account') return recipient.accountId === account;
  if (recipient.type !== 'alias' || !recipient.maySendAs) return false;
  const { accounts } = await expandAlias(sql, recipient, { account, address: null });
  return accounts.some(({ accountId }) => accountId === account);
}
