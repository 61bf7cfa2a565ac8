import { createHash } from 'node:crypto';
import type { ScramHash, ScramKeys } from '@postel/sasl';
import type { AccountId, Sql } from '@postel/storage';
import { formatAddress } from './address.ts';
import type { LoginCredential } from './login.ts';
import { type LoginName, parseLoginName } from './login-name.ts';
import { scramParametersOf } from './passwords.ts';
import { readDirectory } from './transaction.ts';

/** One password of an account, and what it is good for. */
export interface StoredCredential {
  readonly credential: Extract<LoginCredential, { readonly type: 'password' | 'app-password' }>;
  readonly keys: Readonly<Record<ScramHash, ScramKeys>>;
  readonly mayUseImap: boolean;
  readonly mayUseSmtp: boolean;
  readonly expiresAt: Date | null;
  /** In the notation of RFC 4632 §3.1 and RFC 4291 §2.3; null: from anywhere. */
  readonly networks: readonly string[] | null;
  readonly sharedSecret: string | null;
}

/** What a login by password is checked against. */
export interface LoginCredentials {
  /** Of the directory that they were read from. */
  readonly version: number;
  readonly salts: Readonly<Record<ScramHash, { readonly salt: Buffer; readonly iterations: number }>>;
  readonly stored: readonly StoredCredential[];
  /** Null if nobody may log in by this name, whatever the password: the check is then for show. */
  readonly account: NamedAccount | null;
}

export interface NamedAccount {
  readonly accountId: AccountId;
  readonly name: string;
  /** The address the login named, in canonical form; null if it named the account. */
  readonly loginAddress: string | null;
}

/**
 * Reads the credentials behind a login, by one query that costs the same whether it names somebody or not. Nobody's salt
 * is made up, the same each time, so that SCRAM can show it (RFC 5802 §5.1); the iteration count is that of some account.
 */
export async function findCredentials(sql: Sql, text: string): Promise<LoginCredentials> {
  const login = await parseLoginName(text);
  const rows = await readDirectory(() => selectCredentials(sql, login));
  const [first] = rows;
  if (first === undefined) throw new Error('The installation row is missing: the database was not migrated');

  const { version, isKnown, accountId, name, isDisabled, saltKey } = first;
  const loginAddress = login?.type === 'address' ? formatAddress(login.address) : null;
  const mayLogIn = isKnown && accountId !== null && name !== null && isDisabled === false;
  // Made up for known names too: it leaves the code of HMAC where the check of a proof finds it 10 µs sooner.
  const madeUp = scramParametersOf(saltKey, login === null ? text : nameIn(login));
  return {
    version,
    salts: {
      sha256: {
        salt: (isKnown ? first.sha256Salt : null) ?? madeUp.sha256Salt,
        iterations: first.sha256Iterations ?? madeUp.sha256Iterations,
      },
      sha1: {
        salt: (isKnown ? first.sha1Salt : null) ?? madeUp.sha1Salt,
        iterations: first.sha1Iterations ?? madeUp.sha1Iterations,
      },
    },
    stored: rows.map(storedCredential).filter((credential) => credential !== null),
    account: mayLogIn ? { accountId, name, loginAddress } : null,
  };
}

/** Accounts are mostly named like the local parts of their addresses. */
function nameIn(login: LoginName): string {
  return login.type === 'name' ? login.name : login.address.localPart;
}

interface CredentialRow {
  readonly version: number;
  readonly saltKey: Buffer;
  readonly isKnown: boolean;
  readonly accountId: AccountId | null;
  readonly name: string | null;
  readonly isDisabled: boolean | null;
  readonly sha256Salt: Buffer | null;
  readonly sha256Iterations: number | null;
  readonly sha1Salt: Buffer | null;
  readonly sha1Iterations: number | null;
  readonly credentialId: number | null;
  readonly credentialName: string | null;
  readonly sha256StoredKey: Buffer | null;
  readonly sha256ServerKey: Buffer | null;
  readonly sha1StoredKey: Buffer | null;
  readonly sha1ServerKey: Buffer | null;
  readonly mayUseImap: boolean | null;
  readonly mayUseSmtp: boolean | null;
  readonly expiresAt: Date | null;
  /** With spaces between them. */
  readonly networks: string | null;
  readonly sharedSecret: string | null;
}

/** Null for an account without any. */
function storedCredential(row: CredentialRow): StoredCredential | null {
  const { credentialId, credentialName, sha256StoredKey, sha256ServerKey, sha1StoredKey, sha1ServerKey } = row;
  if (credentialId === null || sha256StoredKey === null || sha256ServerKey === null) return null;
  if (sha1StoredKey === null || sha1ServerKey === null) return null;
  return {
    credential:
      credentialName === null
        ? { type: 'password', credentialId }
        : { type: 'app-password', credentialId, name: credentialName },
    keys: {
      sha256: { storedKey: sha256StoredKey, serverKey: sha256ServerKey },
      sha1: { storedKey: sha1StoredKey, serverKey: sha1ServerKey },
    },
    mayUseImap: row.mayUseImap === true,
    mayUseSmtp: row.mayUseSmtp === true,
    expiresAt: row.expiresAt,
    networks: row.networks?.split(' ') ?? null,
    sharedSecret: row.sharedSecret,
  };
}

const NO_ADDRESS = { localPart: null, writtenPart: null, domain: null };

/**
 * One row a credential, at least one. For a login that names nobody they are those of some account, drawn by the name
 * without its domain and always the same: an account with 50 passwords takes longer than one with one, so names that
 * nobody has must differ from one another as those that somebody has. Without a decoy the query was 25 µs faster, which 10,000
 * samples show. For the same reason `any_value`: a scan for one row stops where it finds it, a scan for an aggregate does not.
 */
function selectCredentials(sql: Sql, login: LoginName | null): Promise<readonly CredentialRow[]> {
  const name = login?.type === 'name' ? login.name : null;
  const { localPart, writtenPart, domain } = login?.type === 'address' ? login.address : NO_ADDRESS;
  const drawnBy = createHash('sha256')
    .update(`${name ?? localPart}`)
    .digest();
  return sql.read<CredentialRow[]>`
    with named as (
           select any_value(account_id) as account_id
             from (select account_id from accounts where name = ${name}
                   union all
                   select account_id from addresses
                    where domain_id = (select domain_id from domains where name = ${domain})
                      and local_part = (select case when is_case_sensitive then ${writtenPart} else ${localPart} end
                                          from domains where name = ${domain})) as of_that_name),
         drawn as (
           select ('x' || encode(substr(sha256(salt_key || ${drawnBy}), 1, 7), 'hex'))::bit(56)::bigint as number
             from installation),
         decoy as (
           select min(account_id) as account_id
             from accounts
            where account_id >= (select min(account_id) + (select number from drawn) % (max(account_id) - min(account_id) + 1)
                                   from accounts))
    select directory_version as version, salt_key as "saltKey", named.account_id is not null as "isKnown",
           account.account_id as "accountId", account.name, is_disabled as "isDisabled",
           sha256_salt as "sha256Salt", sha256_iterations as "sha256Iterations",
           sha1_salt as "sha1Salt", sha1_iterations as "sha1Iterations",
           credential_id as "credentialId", credentials.name as "credentialName",
           sha256_stored_key as "sha256StoredKey", sha256_server_key as "sha256ServerKey",
           sha1_stored_key as "sha1StoredKey", sha1_server_key as "sha1ServerKey",
           may_use_imap as "mayUseImap", may_use_smtp as "mayUseSmtp", expires_at as "expiresAt",
           array_to_string(networks, ' ') as networks, shared_secret as "sharedSecret"
      from installation
     cross join named
     cross join decoy
      left join accounts as account on account.account_id = coalesce(named.account_id, decoy.account_id)
      left join scram_parameters on scram_parameters.account_id = account.account_id
      left join credentials on credentials.account_id = account.account_id`;
}
