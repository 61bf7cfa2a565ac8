import { type AccountId, createAccount, removeAccountMail, type Sql, type Transaction } from '@postel/storage';
import { isAccountName } from './account-name.ts';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { formatAddress } from './address.ts';
import { acceptAddress, insertAddress } from './addresses.ts';
import type { AccountSummary, NewAccount } from './directory.ts';
import { domainSubject } from './domain-state.ts';
import { ensureDomain } from './domains.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import type { HashPool } from './hash-pool.ts';
import {
  type AccountScramParameters,
  acceptPassword,
  derivePasswordKeys,
  scramParametersOf,
  storePassword,
} from './passwords.ts';
import { ANYONE } from './shares.ts';
import { changeDirectory, finishChange, readDirectory, revoke } from './transaction.ts';

/** @throws {DirectoryError} 'invalid-name' */
export function acceptAccountName(name: string): string {
  if (name === ANYONE) {
    throw new DirectoryError('invalid-name', `${name} stands for everybody (RFC 4314 §2): no account has that name`);
  }
  if (!isAccountName(name)) {
    throw new DirectoryError(
      'invalid-name',
      `${JSON.stringify(name)} is not an account name: 1 to 64 of a-z, 0-9, ".", "_" and "-", a letter or digit first`,
    );
  }
  return name;
}

export async function addAccount(
  sql: Sql,
  actor: Actor,
  pool: HashPool,
  { name, address: text, password }: NewAccount,
): Promise<void> {
  acceptAccountName(name);
  const address = acceptAddress(text);
  const parameters = scramParametersOf(await readSaltKey(sql), name);
  const accepted = password === null ? null : await acceptPassword(password);
  const keys = accepted === null ? null : await derivePasswordKeys(pool, accepted, parameters);

  await changeDirectory(sql, actor, async (tx, note) => {
    await note(accountSubject(name));
    await note(domainSubject(address.domain));
    const [existing] = await tx`select from accounts where name = ${name}`;
    if (existing !== undefined) throw new DirectoryError('account-exists', `There is an account ${name} already`);
    const accountId = await createAccount(tx, name);
    await insertAddress(tx, accountId, await ensureDomain(tx, address.domain), address);
    await insertScramParameters(tx, accountId, parameters);
    await storePassword(tx, accountId, keys);
  });
}

async function readSaltKey(sql: Sql): Promise<Buffer> {
  const [row] = await readDirectory(
    () => sql.read<{ saltKey: Buffer }[]>`select salt_key as "saltKey" from installation`,
  );
  if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
  return row.saltKey;
}

export async function listAccounts(sql: Sql): Promise<readonly AccountSummary[]> {
  const rows = await readDirectory(
    () => sql.read<
      (Omit<AccountSummary, 'addresses' | 'administers'> & {
        localPart: string | null;
        domain: string | null;
        administers: string;
      })[]
    >`
      select account.name, used_octets as "usedOctets", used_messages as "usedMessages", created_at as "createdAt",
             is_disabled as "isDisabled", role,
             (select coalesce(json_agg(d.name order by d.name), '[]')::text
                from administered_domains as g join domains as d using (domain_id)
               where g.account_id = account.account_id) as administers, local_part as "localPart", domain.name as domain
        from accounts as account
        left join addresses using (account_id)
        left join domains as domain using (domain_id)
       order by account.name, domain.name, local_part`,
  );
  const accounts = new Map<string, Omit<AccountSummary, 'addresses'> & { readonly addresses: string[] }>();
  for (const { localPart, domain, administers, ...account } of rows) {
    const summary = accounts.get(account.name) ?? {
      ...account,
      addresses: [] as string[],
      administers: JSON.parse(administers),
    };
    accounts.set(account.name, summary);
    if (localPart !== null && domain !== null) {
      summary.addresses.push(formatAddress({ localPart, domain }));
    }
  }
  return [...accounts.values()];
}

export async function setDisabled(sql: Sql, actor: Actor, name: string, isDisabled: boolean): Promise<void> {
  const change = isDisabled ? revoke : changeDirectory;
  await change(sql, actor, async (tx, note) => {
    const account = await findAccount(tx, name);
    await note(accountSubject(name));
    await tx`update accounts set is_disabled = ${isDisabled} where account_id = ${account}`;
  });
}

/**
 * In two transactions, because deleting a large account's mail takes long and the first holds up every other change of
 * the directory. After the first nobody can log in to the account or send it mail.
 */
export async function removeAccount(sql: Sql, actor: Actor, name: string): Promise<void> {
  const accountId = await revoke(sql, actor, async (tx, note) => {
    const account = await findAccount(tx, name);
    await note(accountSubject(name));
    for (const domain of await domainsCaughtBy(tx, account)) await note(domainSubject(domain));
    await stripAccount(tx, account);
    return account;
  });
  await finishChange(sql, actor, async (tx, note) => {
    await note(accountSubject(name));
    await removeAccountMail(tx, accountId);
  });
}

async function domainsCaughtBy(tx: Transaction, account: AccountId): Promise<readonly string[]> {
  const rows = await tx<{ name: string }[]>`select name from domains where catchall_account_id = ${account}`;
  return rows.map(({ name }) => name);
}

/** Leaves nothing of an account by which somebody could log in to it, or send it mail. */
export async function stripAccount(tx: Transaction, account: AccountId): Promise<void> {
  await tx`update accounts set is_disabled = true where account_id = ${account}`;
  await tx`update domains set catchall_account_id = null where catchall_account_id = ${account}`;
  await tx`delete from addresses where account_id = ${account}`;
  await tx`delete from credentials where account_id = ${account}`;
  await tx`delete from tls_public_keys where account_id = ${account}`;
  await tx`delete from login_attempts where account_id = ${account}`;
}

async function insertScramParameters(
  tx: Transaction,
  account: AccountId,
  { sha256Salt, sha256Iterations, sha1Salt, sha1Iterations }: AccountScramParameters,
): Promise<void> {
  await tx`
    insert into scram_parameters (account_id, sha256_salt, sha256_iterations, sha1_salt, sha1_iterations)
    values (${account}, ${sha256Salt}, ${sha256Iterations}, ${sha1Salt}, ${sha1Iterations})`;
}
