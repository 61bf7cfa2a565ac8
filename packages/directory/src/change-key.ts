import type { Sql } from '@postel/storage';
import { type Fingerprint, fingerprintOctets } from '@postel/tls-pubkey';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { formatAddress } from './address.ts';
import { acceptAddress, hasAddress } from './addresses.ts';
import { acceptCredentialName } from './credential-name.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { changeDirectory } from './transaction.ts';

/** What is left out stays as it is. */
export interface KeyChange {
  readonly name?: string;
  /** An address that the account has; null: the account itself. */
  readonly loginAddress?: string | null;
  readonly isImapPreauth?: boolean;
}

/**
 * Changes what a key of an account is called, and how it logs in.
 *
 * @throws {DirectoryError} 'no-such-key' if the account has none of that fingerprint; 'no-such-address', 'invalid-address', 'invalid-name'
 */
export async function changeKey(
  sql: Sql,
  actor: Actor,
  accountName: string,
  fingerprint: Fingerprint,
  { name, loginAddress, isImapPreauth }: KeyChange,
): Promise<void> {
  const keyName = name === undefined ? null : acceptCredentialName(name, 'a key');
  const address = loginAddress === undefined || loginAddress === null ? null : acceptAddress(loginAddress);
  if (address !== null && !(await hasAddress(sql, await findAccount(sql.read, accountName), address))) {
    throw new DirectoryError('no-such-address', `${formatAddress(address)} is no address of the account`);
  }
  await changeDirectory(sql, actor, async (tx, note) => {
    const accountId = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    const changed = await tx`
      update tls_public_keys
         set name = coalesce(${keyName}::text, name),
             login_address = case when ${loginAddress !== undefined}::boolean
                                  then ${address === null ? null : formatAddress(address)}::text else login_address end,
             is_imap_preauth = coalesce(${isImapPreauth ?? null}::boolean, is_imap_preauth)
       where fingerprint = ${fingerprintOctets(fingerprint)} and account_id = ${accountId}`;
    if (changed.count === 0) throw new DirectoryError('no-such-key', 'There is no such key');
  });
}
