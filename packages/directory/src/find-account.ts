import type { AccountId, Transaction } from '@postel/storage';
import { DirectoryError } from './errors.ts';

/** @throws {DirectoryError} 'no-such-account' */
export async function findAccount(tx: Transaction, name: string): Promise<AccountId> {
  const [account] = await tx<{ accountId: AccountId }[]>`
    select account_id as "accountId" from accounts where name = ${name}`;
  if (account === undefined) throw noSuchAccount(name);
  return account.accountId;
}

export function noSuchAccount(name: string): DirectoryError {
  return new DirectoryError('no-such-account', `There is no account ${JSON.stringify(name)}`);
}
