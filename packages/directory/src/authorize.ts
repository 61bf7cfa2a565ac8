import type { Sql } from '@postel/storage';
import { formatAddress } from './address.ts';
import { hasAddress } from './addresses.ts';
import type { AuthenticatedAccount } from './login.ts';
import { parseLoginName } from './login-name.ts';

export async function authorize(
  sql: Sql,
  account: AuthenticatedAccount,
  authorizationIdentity: string,
): Promise<AuthenticatedAccount | null> {
  const login = await parseLoginName(authorizationIdentity);
  if (login === null) return null;
  if (login.type === 'name') return login.name === account.name ? account : null;
  if (!(await hasAddress(sql, account.accountId, login.address))) return null;
  return { ...account, loginAddress: formatAddress(login.address) };
}
