import type { Sql } from '@postel/storage';
import { formatAddress } from './address.ts';
import { hasAddress } from './addresses.ts';
import type { AuthenticatedAccount } from './login.ts';
import { parseLoginName } from './login-name.ts';

/**
 * The account to act as, with the address that was asked for, if it is the account's own. One query, whatever was asked for
 * and whoever has it: what others have is not looked at.
 */
export async function authorize(
  sql: Sql,
  account: AuthenticatedAccount,
  authorizationIdentity: string,
): Promise<AuthenticatedAccount | null> {
  const login = await parseLoginName(authorizationIdentity);
  const address = login?.type === 'address' ? login.address : null;
  const isOwnAddress = await hasAddress(sql, account.accountId, address);
  if (login?.type === 'name' && login.name === account.name) return account;
  return address !== null && isOwnAddress ? { ...account, loginAddress: formatAddress(address) } : null;
}
