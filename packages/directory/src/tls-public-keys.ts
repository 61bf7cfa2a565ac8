import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import { type Fingerprint, fingerprintFromOctets, fingerprintOctets, type TlsPublicKey } from '@postel/tls-pubkey';
import { accountSubject, type KeyState } from './account-state.ts';
import type { Actor } from './actor.ts';
import { formatAddress } from './address.ts';
import { changeKey, type KeyChange } from './change-key.ts';
import { acceptCredentialName } from './credential-name.ts';
import { DirectoryError } from './errors.ts';
import { parseLoginName } from './login-name.ts';
import { changeDirectory, readDirectory } from './transaction.ts';

/** Somebody with more devices can remove those that are no longer used. */
export const MAX_KEYS_PER_ACCOUNT = 50;

/** A TLS public key that identifies an account. */
export interface RegisteredKey {
  readonly fingerprint: Fingerprint;
  /** In DER. */
  readonly subjectPublicKeyInfo: Buffer;
  readonly accountName: string;
  /** What the account's owner calls it. */
  readonly name: string;
  /** `ed25519`, `ecdsa-p256`, `rsa-2048` ... */
  readonly keyType: string;
  /** What a login by it names, in canonical form; null: the account itself. */
  readonly loginAddress: string | null;
  /** Whether IMAPS greets who has the key with PREAUTH. */
  readonly isImapPreauth: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastUsedFrom: string | null;
}

export interface NewKey {
  /** Whose it is: an address that an account has, which logins by the key then name; or the account's name. */
  readonly login: string;
  readonly key: TlsPublicKey;
  /** 1 to 100 printable characters. */
  readonly name: string;
  readonly isImapPreauth: boolean;
}

/** The TLS public keys of accounts. One key identifies one account; an account has up to 50. */
export interface TlsPublicKeys {
  /** @throws 'no-such-account', 'invalid-name', 'key-exists', 'too-many-keys' */
  add(key: NewKey): Promise<void>;

  /** By account, and then by age. @param login an account's name or address; null: of all @throws 'no-such-account' */
  list(login: string | null): Promise<readonly RegisteredKey[]>;

  /** @returns null if nobody has the key */
  get(fingerprint: Fingerprint): Promise<RegisteredKey | null>;

  /**
   * Changes a key of an account.
   *
   * @throws 'no-such-account', 'no-such-key' if it has none of that fingerprint; 'no-such-address', 'invalid-address', 'invalid-name'
   */
  change(accountName: string, fingerprint: Fingerprint, change: KeyChange): Promise<void>;

  /**
   * From the commit on nobody is identified by the key.
   *
   * @returns what it was @throws 'no-such-key'
   */
  remove(fingerprint: Fingerprint): Promise<RegisteredKey>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableTlsPublicKeys = Pick<TlsPublicKeys, 'list' | 'get'>;

export function readableTlsPublicKeys(sql: Sql): ReadableTlsPublicKeys {
  return {
    list: (login) => listKeys(sql, login),
    get: (fingerprint) => readDirectory(() => getKey(sql, fingerprint)),
  };
}

export function openTlsPublicKeys(sql: Sql, actor: Actor): TlsPublicKeys {
  return {
    ...readableTlsPublicKeys(sql),
    add: (key) => addKey(sql, actor, key),
    change: (account, fingerprint, change) => changeKey(sql, actor, account, fingerprint, change),
    remove: (fingerprint) => removeKey(sql, actor, fingerprint),
  };
}

async function addKey(sql: Sql, actor: Actor, { login, key, name, isImapPreauth }: NewKey): Promise<void> {
  const keyName = acceptCredentialName(name, 'a key');
  const { subjectPublicKeyInfo, keyType } = key;
  await changeDirectory(sql, actor, async (tx, note) => {
    const { accountId, accountName, loginAddress } = await findOwner(tx, login);
    await note(accountSubject(accountName));
    const [keys] = await tx<{ count: number }[]>`
      select count(*)::integer as count from tls_public_keys where account_id = ${accountId}`;
    if (keys !== undefined && keys.count >= MAX_KEYS_PER_ACCOUNT) {
      throw new DirectoryError(
        'too-many-keys',
        `An account has at most ${MAX_KEYS_PER_ACCOUNT} keys: remove one that is no longer used`,
      );
    }
    const inserted = await tx`
      insert into tls_public_keys
             (fingerprint, account_id, subject_public_key_info, key_type, name, login_address, is_imap_preauth)
      values (${fingerprintOctets(key.fingerprint)}, ${accountId}, ${subjectPublicKeyInfo}, ${keyType}, ${keyName},
              ${loginAddress}, ${isImapPreauth})
      on conflict do nothing`;
    // Whose it is must not be said: who has seen somebody's key could ask whether, and as whom, that person is here.
    if (inserted.count === 0) throw new DirectoryError('key-exists', 'This key is registered already');
  });
}

/** Takes away the keys of an account but these, so that another account may have them. */
export async function removeOtherKeys(
  tx: Transaction,
  account: AccountId,
  keys: Readonly<Record<string, KeyState>>,
): Promise<void> {
  const kept = Object.keys(keys).map((fingerprint) => Buffer.from(fingerprint, 'base64url').toString('hex'));
  await tx`
    delete from tls_public_keys
     where account_id = ${account} and encode(fingerprint, 'hex') <> all(${textArray(kept)}::text[])`;
}

/** Makes the keys of an account these and no others. @throws {DirectoryError} 'key-exists', 'too-many-keys', 'invalid-name' */
export async function replaceKeys(
  tx: Transaction,
  account: AccountId,
  keys: Readonly<Record<string, KeyState>>,
): Promise<void> {
  const named = Object.entries(keys);
  if (named.length > MAX_KEYS_PER_ACCOUNT) {
    throw new DirectoryError('too-many-keys', `An account has at most ${MAX_KEYS_PER_ACCOUNT} keys`);
  }
  await removeOtherKeys(tx, account, keys);
  for (const [fingerprint, { name, publicKey, keyType, loginAddress, isImapPreauth }] of named) {
    const put = await tx`
      insert into tls_public_keys as key
             (fingerprint, account_id, subject_public_key_info, key_type, name, login_address, is_imap_preauth)
      values (${Buffer.from(fingerprint, 'base64url')}, ${account}, ${Buffer.from(publicKey, 'base64')}, ${keyType},
              ${acceptCredentialName(name, 'a key')}, ${loginAddress}, ${isImapPreauth})
      on conflict (fingerprint) do update
         set name = excluded.name, login_address = excluded.login_address, is_imap_preauth = excluded.is_imap_preauth
       where key.account_id = excluded.account_id`;
    if (put.count === 0) throw new DirectoryError('key-exists', `The key ${fingerprint} is registered already`);
  }
}

async function listKeys(sql: Sql, login: string | null): Promise<readonly RegisteredKey[]> {
  return await readDirectory(async () => {
    const owner = login === null ? null : await findOwner(sql, login);
    const rows = await selectKeys(sql, { accountId: owner?.accountId ?? null, fingerprint: null });
    return rows.map(registeredKey);
  });
}

async function getKey(sql: Sql | Transaction, fingerprint: Fingerprint): Promise<RegisteredKey | null> {
  const [row] = await selectKeys(sql, { accountId: null, fingerprint: fingerprintOctets(fingerprint) });
  return row === undefined ? null : registeredKey(row);
}

async function removeKey(sql: Sql, actor: Actor, fingerprint: Fingerprint): Promise<RegisteredKey> {
  return await changeDirectory(sql, actor, async (tx, note) => {
    const key = await getKey(tx, fingerprint);
    if (key === null) throw new DirectoryError('no-such-key', `There is no key ${fingerprint}`);
    await note(accountSubject(key.accountName));
    await tx`delete from tls_public_keys where fingerprint = ${fingerprintOctets(fingerprint)}`;
    return key;
  });
}

interface KeyRow extends Omit<RegisteredKey, 'fingerprint'> {
  readonly fingerprint: Buffer;
}

function registeredKey({ fingerprint, ...key }: KeyRow): RegisteredKey {
  return { fingerprint: fingerprintFromOctets(fingerprint), ...key };
}

/** Of one account or all, one key or all. */
function selectKeys(
  sql: Sql | Transaction,
  { accountId, fingerprint }: { readonly accountId: AccountId | null; readonly fingerprint: Buffer | null },
): Promise<readonly KeyRow[]> {
  return sql.read<KeyRow[]>`
    select fingerprint, subject_public_key_info as "subjectPublicKeyInfo", accounts.name as "accountName", key.name,
           key_type as "keyType", login_address as "loginAddress", is_imap_preauth as "isImapPreauth",
           key.created_at as "createdAt", last_used_at as "lastUsedAt", host(last_used_from) as "lastUsedFrom"
      from tls_public_keys as key join accounts using (account_id)
     where account_id = coalesce(${accountId}, account_id) and fingerprint = coalesce(${fingerprint}, fingerprint)
     order by accounts.name, key.created_at, fingerprint`;
}

/** @throws {DirectoryError} 'no-such-account' if nobody has that address or that name */
async function findOwner(sql: Sql | Transaction, login: string) {
  const parsed = await parseLoginName(login);
  const name = parsed?.type === 'name' ? parsed.name : null;
  const { localPart, writtenPart, domain } =
    parsed?.type === 'address' ? parsed.address : { localPart: null, writtenPart: null, domain: null };
  const [account] = await sql.read<{ accountId: AccountId; accountName: string }[]>`
    select account_id as "accountId", name as "accountName" from accounts where name = ${name}
     union all
    select account_id, accounts.name from addresses join domains using (domain_id) join accounts using (account_id)
     where domains.name = ${domain}
       and local_part = case when is_case_sensitive then ${writtenPart} else ${localPart} end`;
  if (account === undefined) {
    throw new DirectoryError('no-such-account', `No account has the address or name ${JSON.stringify(login)}`);
  }
  return { ...account, loginAddress: parsed?.type === 'address' ? formatAddress(parsed.address) : null };
}
