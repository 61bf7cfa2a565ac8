import { randomBytes } from 'node:crypto';
import type { ManagedDirectory } from '@postel/directory';
import type { Sql } from '@postel/storage';
import type { Guess } from './guesses.ts';

/** Kinds of accounts: a password alone, some app passwords beside it, as many as there can be, one of each for CRAM-MD5; and nothing, for who uses a key. */
const APP_PASSWORDS = [0, 2, 48] as const;
/** Nobody guesses it: what is tried is wrong in one octet, or right for an account that is disabled. */
const PASSWORD = 'correct horse';
/** An app password that is kept as CRAM-MD5 needs it. */
const SHARED = { name: 'scanner', service: null, expiresAt: null, networks: null, isShared: true } as const;

/** What is tried: for some, something else each time. */
export type Subject = () => Guess;

export interface Comparison {
  readonly what: string;
  readonly subjects: readonly [Subject, Subject];
  /** `different`: to show that a run sees what there is to see. */
  readonly expected: 'same' | 'different';
  /** It is about which octet is wrong. */
  readonly needsNearlyRight: boolean;
}

/** Makes accounts of every kind, and says what is to be compared. */
export async function prepareComparisons(
  directory: ManagedDirectory,
  sql: Sql,
  { accountsOfAKind }: { readonly accountsOfAKind: number },
): Promise<readonly Comparison[]> {
  const run = randomBytes(4).toString('hex');
  const named = (name: string) => `${name}-${run}`;
  const add = (name: string) =>
    directory.addAccount({ name: named(name), address: `${named(name)}@localhost`, password: PASSWORD });

  await add('known');
  const sharedSecret = await directory.appPasswords.add(named('known'), SHARED);
  await add('ended');
  await directory.appPasswords.add(named('ended'), SHARED);
  await sql`update accounts set is_disabled = true where name = ${named('ended')}`;
  for (const count of APP_PASSWORDS) {
    for (let i = 0; i < accountsOfAKind; i++) {
      const name = ownerOf(count, i);
      await add(name);
      await addAppPasswords(sql, named(name), count);
      if (count > 0) await directory.appPasswords.add(named(name), SHARED);
    }
  }
  for (let i = 0; i < accountsOfAKind; i++) {
    await directory.addAccount({ name: named(`key${i}`), address: `${named(`key${i}`)}@localhost`, password: null });
  }
  const names = (await directory.listAccounts()).map(({ name }) => name);

  const wrong = (user: string): Guess => ({ user, password: PASSWORD, sharedSecret, wrongOctet: 'last' });
  const known = () => wrong(named('known'));
  const rightForDisabled = (): Guess => ({ ...wrong(named('ended')), wrongOctet: null });
  const any = () => names[Math.floor(Math.random() * names.length)] ?? '';
  const nobody = () => `known-${randomBytes(4).toString('hex')}`;
  const compare = (what: string, first: Subject, second: Subject, more: Partial<Comparison> = {}): Comparison => {
    return { what, subjects: [first, second], expected: 'same', needsNearlyRight: false, ...more };
  };
  return [
    compare('the same login twice', known, () => known()),
    compare(
      'names of accounts and of nobody',
      () => wrong(any()),
      () => wrong(nobody()),
    ),
    compare(
      'addresses of accounts and of nobody',
      () => wrong(`${any()}@localhost`),
      () => wrong(`${nobody()}@localhost`),
    ),
    compare('the last octet wrong, the first wrong', known, () => ({ ...known(), wrongOctet: 'first' }), {
      needsNearlyRight: true,
    }),
    compare('a wrong password, the right one of a disabled account', known, rightForDisabled),
    compare('an account with 2 passwords, one with 50', known, () => wrong(named(ownerOf(48, 0))), {
      expected: 'different',
    }),
  ];
}

/** All names have the same length, for mechanisms hash them. */
function ownerOf(appPasswords: number, number: number): string {
  return `${String.fromCharCode('a'.charCodeAt(0) + number)}${String(appPasswords).padStart(4, '0')}`;
}

/** App passwords that nobody knows. */
async function addAppPasswords(sql: Sql, account: string, count: number): Promise<void> {
  await sql`
    insert into credentials (account_id, kind, name, sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key)
    select account_id, 'app-password', 'device ' || i, sha256(salt), sha256(salt || 's'),
           substr(sha256(salt || 't'), 1, 20), substr(sha256(salt || 'u'), 1, 20)
      from accounts, generate_series(1, ${count}) as i, lateral (select gen_random_uuid()::text::bytea || i::text::bytea as salt) as drawn
     where accounts.name = ${account}`;
}
