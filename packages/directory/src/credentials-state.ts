import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import { acceptCredentialName } from './credential-name.ts';
import { DirectoryError } from './errors.ts';

/** What proofs of one password are checked against: for SCRAM-SHA-256 and SCRAM-SHA-1, as RFC 5803 §3 writes them. */
type Verifiers = readonly [sha256: string, sha1: string];

export interface PasswordSecret {
  readonly since: string;
  readonly verifiers: Verifiers;
}

export interface AppPasswordSecret extends PasswordSecret {
  readonly service: 'imap' | 'smtp' | null;
  readonly expiresAt: string | null;
  readonly networks: readonly string[] | null;
  /** The password itself, where it is good for CRAM-MD5 and DIGEST-MD5. */
  readonly sharedSecret: string | null;
}

/** By what an account's passwords can be checked: whoever has it can try passwords, and needs no more for a shared one. */
export interface AccountSecrets {
  readonly password: PasswordSecret | null;
  /** By name. */
  readonly appPasswords: ReadonlyMap<string, AppPasswordSecret>;
}

interface SecretRow {
  readonly account: string;
  readonly name: string | null;
  readonly since: Date;
  readonly verifiers: string;
  readonly service: 'imap' | 'smtp' | null;
  readonly expiresAt: Date | null;
  readonly networks: string | null;
  readonly sharedSecret: string | null;
}

/** By account; each that there is. */
export async function selectSecrets(sql: Sql['read'] | Transaction): Promise<ReadonlyMap<string, AccountSecrets>> {
  const accounts = await sql<{ name: string }[]>`select name from accounts order by name collate "C"`;
  const rows = await sql<SecretRow[]>`
    select a.name as account, c.name, c.created_at as since, expires_at as "expiresAt", shared_secret as "sharedSecret",
           format('SCRAM-SHA-256$%s:%s$%s:%s SCRAM-SHA-1$%s:%s$%s:%s',
                  sha256_iterations, encode(sha256_salt, 'base64'), encode(sha256_stored_key, 'base64'),
                  encode(sha256_server_key, 'base64'), sha1_iterations, encode(sha1_salt, 'base64'),
                  encode(sha1_stored_key, 'base64'), encode(sha1_server_key, 'base64')) as verifiers,
           case when not may_use_smtp then 'imap' when not may_use_imap then 'smtp' end as service,
           array_to_string(networks, ' ') as networks
      from credentials as c join accounts as a using (account_id) join scram_parameters using (account_id)
     order by a.name collate "C", c.name collate "C" nulls first`;
  const secrets = new Map(
    accounts.map(({ name }) => [
      name,
      { password: null as PasswordSecret | null, appPasswords: new Map<string, AppPasswordSecret>() },
    ]),
  );
  for (const { account, name, since, verifiers, service, expiresAt, networks, sharedSecret } of rows) {
    const [sha256 = '', sha1 = ''] = verifiers.split(' ');
    const password: PasswordSecret = { since: since.toISOString(), verifiers: [sha256, sha1] };
    const of = secrets.get(account);
    if (of === undefined) continue;
    if (name === null) of.password = password;
    else {
      of.appPasswords.set(name, {
        ...password,
        service,
        expiresAt: expiresAt?.toISOString() ?? null,
        networks: networks?.split(' ') ?? null,
        sharedSecret,
      });
    }
  }
  return secrets;
}

/** What is made up of names that do not exist is made with it. */
export async function selectSaltKey(sql: Sql['read'] | Transaction): Promise<string> {
  const [row] = await sql<{ key: string }[]>`select encode(salt_key, 'base64') as key from installation`;
  if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
  return row.key;
}

/**
 * Gives an account the passwords of another installation, in the place of those it has.
 *
 * @throws {DirectoryError} 'invalid-secrets'
 */
export async function replaceSecrets(
  tx: Transaction,
  account: AccountId,
  accountName: string,
  { password, appPasswords }: AccountSecrets,
): Promise<void> {
  const keys = new Map(
    [...(password === null ? [] : [password]), ...appPasswords.values()].map((one) => [one, parseVerifiers(one)]),
  );
  await tx`delete from credentials where account_id = ${account}`;
  const [first] = keys.values();
  if (first === undefined) return;
  const { sha256, sha1 } = first;
  // SCRAM shows one salt before it knows which password is meant (RFC 5802 §5.1).
  if (![...keys.values()].every((each) => isSaltedLike(each.sha256, sha256) && isSaltedLike(each.sha1, sha1))) {
    throw refused(`The passwords of ${accountName} differ in salt or iteration count, which an account has once`);
  }
  await tx`
    update scram_parameters
       set sha256_salt = ${sha256.salt}, sha256_iterations = ${sha256.iterations},
           sha1_salt = ${sha1.salt}, sha1_iterations = ${sha1.iterations}
     where account_id = ${account}`;
  if (password !== null) await insertSecret(tx, account, null, password, first);
  for (const [name, secret] of appPasswords) {
    const app = { name: acceptCredentialName(name, 'an app password'), ...secret };
    await insertSecret(tx, account, app, secret, keys.get(secret) ?? first);
  }
}

interface Keys {
  readonly sha256: Salted;
  readonly sha1: Salted;
}

const parseVerifiers = ({ verifiers: [sha256, sha1] }: PasswordSecret): Keys => ({
  sha256: parseVerifier('SCRAM-SHA-256', SHA256_OCTETS, sha256),
  sha1: parseVerifier('SCRAM-SHA-1', SHA1_OCTETS, sha1),
});

const isSaltedLike = (one: Salted, other: Salted): boolean =>
  one.iterations === other.iterations && one.salt.equals(other.salt);

async function insertSecret(
  tx: Transaction,
  account: AccountId,
  app: (AppPasswordSecret & { readonly name: string }) | null,
  { since }: PasswordSecret,
  { sha256, sha1 }: Keys,
): Promise<void> {
  const { name = null, service = null, expiresAt = null, networks = null, sharedSecret = null } = app ?? {};
  await tx`
    insert into credentials (account_id, kind, name, created_at, sha256_stored_key, sha256_server_key, sha1_stored_key,
                             sha1_server_key, may_use_imap, may_use_smtp, expires_at, networks, shared_secret)
    values (${account}, ${app === null ? 'password' : 'app-password'}, ${name}, ${new Date(since)}, ${sha256.storedKey},
            ${sha256.serverKey}, ${sha1.storedKey}, ${sha1.serverKey}, ${service !== 'smtp'}, ${service !== 'imap'},
            ${expiresAt === null ? null : new Date(expiresAt)},
            ${networks === null ? null : textArray(networks)}::text::cidr[], ${sharedSecret})`;
}

const SHA256_OCTETS = 32;
const SHA1_OCTETS = 20;
const MOST_ITERATIONS = 10_000_000;
const VERIFIER = /^([A-Z0-9-]{1,20})\$(\d{1,8}):([\w+/=]{4,128})\$([\w+/=]{4,64}):([\w+/=]{4,64})$/;

interface Salted {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** RFC 5803 §3. @throws {DirectoryError} 'invalid-secrets' */
function parseVerifier(scheme: string, octets: number, text: string): Salted {
  const [, given, iterationText, saltText = '', storedText = '', serverText = ''] = VERIFIER.exec(text) ?? [];
  const iterations = Number(iterationText);
  const storedKey = Buffer.from(storedText, 'base64');
  const serverKey = Buffer.from(serverText, 'base64');
  const isWhole = storedKey.length === octets && serverKey.length === octets;
  if (given !== scheme || !isWhole || !(iterations >= 1 && iterations <= MOST_ITERATIONS)) {
    throw refused(`A verifier is ${scheme}$ITERATIONS:SALT$STORED-KEY:SERVER-KEY (RFC 5803), as a dump has it`);
  }
  return { iterations, salt: Buffer.from(saltText, 'base64'), storedKey, serverKey };
}

const refused = (message: string) => new DirectoryError('invalid-secrets', message);
