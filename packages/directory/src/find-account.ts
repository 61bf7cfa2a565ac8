import type { AccountId, Sql, Transaction } from '@postel/storage';
import { type CanonicalAddress, formatAddress } from './address.ts';
import type { FoundAccount } from './directory.ts';
import { DirectoryError } from './errors.ts';
import type { NamedAccount } from './find-credentials.ts';
import { parseLoginName } from './login-name.ts';
import { readDirectory } from './transaction.ts';

/** @throws {DirectoryError} 'no-such-account' */
export async function findAccount(tx: Transaction | Sql['read'], name: string): Promise<AccountId> {
  const [account] = await tx<{ accountId: AccountId }[]>`
    select account_id as "accountId" from accounts where name = ${name}`;
  if (account === undefined) throw noSuchAccount(name);
  return account.accountId;
}

/** That an account is still the one that it was. @throws {DirectoryError} 'no-such-account' */
export async function requireSameAccount(tx: Transaction, name: string, accountId: AccountId): Promise<void> {
  if ((await findAccount(tx, name)) !== accountId) throw noSuchAccount(name);
}

/** The account by its name; null if there is none, or it is disabled. */
export async function findAccountToActAs(sql: Sql, name: string): Promise<NamedAccount | null> {
  const [account] = await readDirectory(
    () => sql.read<{ accountId: AccountId }[]>`
      select account_id as "accountId" from accounts where name = ${name} and not is_disabled`,
  );
  return account === undefined ? null : { ...account, name, loginAddress: null };
}

/** The account that has exactly this address; null if there is none, or it is disabled. */
export async function findAccountOfAddress(sql: Sql, address: CanonicalAddress): Promise<NamedAccount | null> {
  const [account] = await readDirectory(
    () => sql.read<{ accountId: AccountId; name: string }[]>`
      select account_id as "accountId", accounts.name
        from domains join addresses using (domain_id) join accounts using (account_id)
       where domains.name = ${address.domain} and not is_disabled
         and local_part = case when is_case_sensitive then ${address.writtenPart} else ${address.localPart} end`,
  );
  return account === undefined ? null : { ...account, loginAddress: formatAddress(address) };
}

/** The account that a login of this name would be one to, if it were enabled. One query, whatever is asked for. */
export async function identifyAccount(sql: Sql, text: string): Promise<FoundAccount | null> {
  const login = await parseLoginName(text);
  if (login === null) return null;
  const name = login.type === 'name' ? login.name : null;
  const address = login.type === 'address' ? login.address : null;
  const [account] = await readDirectory(
    () => sql.read<FoundAccount[]>`
      select account_id as "accountId", name, is_disabled as "isDisabled" from accounts
       where name = ${name}::text
          or account_id = (select account_id from domains join addresses using (domain_id)
                            where domains.name = ${address?.domain ?? null}::text
                              and local_part = case when is_case_sensitive then ${address?.writtenPart ?? null}::text
                                                    else ${address?.localPart ?? null}::text end)`,
  );
  return account ?? null;
}

export function noSuchAccount(name: string): DirectoryError {
  const hint = name.includes('@') ? ': say its name, not its address' : '';
  return new DirectoryError('no-such-account', `There is no account ${JSON.stringify(name)}${hint}`);
}
