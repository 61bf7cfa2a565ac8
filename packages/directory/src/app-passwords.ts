import { preparePassword } from '@postel/sasl';
import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { acceptCredentialName } from './credential-name.ts';
import { DirectoryError } from './errors.ts';
import { findAccount, requireSameAccount } from './find-account.ts';
import { generatePassword } from './generate-password.ts';
import type { HashPool } from './hash-pool.ts';
import type { MailService } from './login.ts';
import { acceptNetwork } from './network.ts';
import { derivePasswordKeys, findScramParameters, type PasswordKeys } from './passwords.ts';
import { changeDirectory, readDirectory, revoke } from './transaction.ts';

/** With the account's own password 50 credentials, each of which a proof is tried against (SCRAM). */
export const MAX_APP_PASSWORDS = 49;
const MAX_NETWORKS = 20;

export interface NewAppPassword {
  /** 1 to 100 printable characters, unlike the account's other app passwords'. */
  readonly name: string;
  /** What it is good for; null: for everything. */
  readonly service: MailService | null;
  /** From then on it is refused, and sessions of it end; null: never. */
  readonly expiresAt: Date | null;
  /** Networks (`192.0.2.0/24`) and addresses that it may be used from, 20 at most; null: anywhere. */
  readonly networks: readonly string[] | null;
  /**
   * Good for CRAM-MD5 and DIGEST-MD5 too. The password itself is kept for that: whoever can read the database, or a backup
   * of it, can use it.
   */
  readonly isShared: boolean;
}

/** An app password as it can be shown. */
export interface AppPassword extends NewAppPassword {
  readonly createdAt: Date;
  /** To the minute or so; null: never. */
  readonly lastUsedAt: Date | null;
  /** An IP address. */
  readonly lastUsedFrom: string | null;
}

/** Passwords that are made for one program or device each, so that each can be taken back alone. */
export interface AppPasswords {
  /**
   * Makes one.
   *
   * @returns the password, which is told nowhere else and never again
   * @throws 'no-such-account', 'invalid-name', 'app-password-exists', 'too-many-app-passwords', 'already-expired',
   * 'invalid-network'
   */
  add(accountName: string, appPassword: NewAppPassword): Promise<string>;

  /** The oldest first. @throws 'no-such-account' */
  list(accountName: string): Promise<readonly AppPassword[]>;

  /** From the commit on it is refused everywhere. @throws 'no-such-account', 'no-such-app-password', 'invalid-name' */
  remove(accountName: string, name: string): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableAppPasswords = Pick<AppPasswords, 'list'>;

export function readableAppPasswords(sql: Sql): ReadableAppPasswords {
  return { list: (accountName) => readDirectory(() => listAppPasswords(sql, accountName)) };
}

export function openAppPasswords(sql: Sql, actor: Actor, pool: HashPool): AppPasswords {
  return {
    ...readableAppPasswords(sql),
    add: (accountName, appPassword) => addAppPassword(sql, actor, pool, accountName, appPassword),
    remove: (accountName, name) => removeAppPassword(sql, actor, accountName, name),
  };
}

async function addAppPassword(
  sql: Sql,
  actor: Actor,
  pool: HashPool,
  accountName: string,
  given: NewAppPassword,
): Promise<string> {
  const accepted = acceptAppPassword(given);
  const parameters = await findScramParameters(sql, accountName);
  const password = generatePassword();
  const prepared = await preparePassword(password, 'stored');
  if (prepared === null) throw new Error('A generated password was not accepted');

  const keys = await derivePasswordKeys(pool, prepared, parameters);
  await changeDirectory(sql, actor, async (tx, note) => {
    const { accountId } = parameters;
    await requireSameAccount(tx, accountName, accountId);
    await note(accountSubject(accountName));
    const names = await appPasswordNames(tx, accountId);
    if (names.includes(accepted.name)) {
      throw new DirectoryError(
        'app-password-exists',
        `There is an app password ${JSON.stringify(accepted.name)} already`,
      );
    }
    if (names.length >= MAX_APP_PASSWORDS) {
      throw new DirectoryError(
        'too-many-app-passwords',
        `An account has at most ${MAX_APP_PASSWORDS} app passwords: remove one that is no longer used`,
      );
    }
    await insertAppPassword(tx, accountId, accepted, keys, accepted.isShared ? password : null);
  });
  return password;
}

/** @throws {DirectoryError} 'invalid-name', 'already-expired', 'invalid-network' */
function acceptAppPassword(given: NewAppPassword): NewAppPassword {
  const { expiresAt, networks } = given;
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now())) {
    throw new DirectoryError('already-expired', 'An app password expires in the future, or never');
  }
  return {
    ...given,
    name: acceptCredentialName(given.name, 'an app password'),
    networks: networks === null ? null : acceptNetworks(networks),
  };
}

/** In the form that `parseNetwork` gives them, each once. @throws {DirectoryError} 'invalid-network' */
export function acceptNetworks(texts: readonly string[]): readonly string[] {
  const networks = new Set(texts.map(acceptNetwork));
  if (networks.size > 0 && networks.size <= MAX_NETWORKS) return [...networks];
  throw new DirectoryError('invalid-network', `An app password is for 1 to ${MAX_NETWORKS} networks, or for all`);
}

async function appPasswordNames(tx: Transaction, accountId: AccountId): Promise<readonly string[]> {
  const rows = await tx<{ name: string }[]>`
    select name from credentials where account_id = ${accountId} and kind = 'app-password'`;
  return rows.map(({ name }) => name);
}

async function insertAppPassword(
  tx: Transaction,
  accountId: AccountId,
  { name, service, expiresAt, networks }: NewAppPassword,
  { sha256, sha1 }: PasswordKeys,
  sharedSecret: string | null,
): Promise<void> {
  await tx`
    insert into credentials (account_id, kind, name, sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key,
                             may_use_imap, may_use_smtp, expires_at, networks, shared_secret)
    values (${accountId}, 'app-password', ${name}, ${sha256.storedKey}, ${sha256.serverKey}, ${sha1.storedKey}, ${sha1.serverKey},
            ${service !== 'smtp'}, ${service !== 'imap'}, ${expiresAt},
            ${networks === null ? null : textArray(networks)}::text::cidr[], ${sharedSecret})`;
}

interface AppPasswordRow extends Omit<AppPassword, 'service' | 'networks'> {
  readonly mayUseImap: boolean;
  readonly mayUseSmtp: boolean;
  readonly networks: string | null;
}

async function listAppPasswords(sql: Sql, accountName: string): Promise<readonly AppPassword[]> {
  const accountId = await findAccount(sql.read, accountName);
  const rows = await sql.read<AppPasswordRow[]>`
    select name, may_use_imap as "mayUseImap", may_use_smtp as "mayUseSmtp", expires_at as "expiresAt",
           array_to_string(networks, ' ') as networks, shared_secret is not null as "isShared", created_at as "createdAt",
           last_used_at as "lastUsedAt", host(last_used_from) as "lastUsedFrom"
      from credentials where account_id = ${accountId} and kind = 'app-password'
     order by created_at, credential_id`;
  return rows.map(({ mayUseImap, mayUseSmtp, networks, ...row }) => ({
    ...row,
    service: mayUseImap && mayUseSmtp ? null : mayUseImap ? 'imap' : 'smtp',
    networks: networks === null ? null : networks.split(' '),
  }));
}

async function removeAppPassword(sql: Sql, actor: Actor, accountName: string, text: string): Promise<void> {
  const name = acceptCredentialName(text, 'an app password');
  await revoke(sql, actor, async (tx, note) => {
    const accountId = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    const removed = await tx`
      delete from credentials where account_id = ${accountId} and kind = 'app-password' and name = ${name}`;
    if (removed.count === 0) {
      throw new DirectoryError(
        'no-such-app-password',
        `Account ${accountName} has no app password ${JSON.stringify(name)}`,
      );
    }
  });
}
