import { chooseMechanism } from '@postel/sasl';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_APP_PASSWORDS } from './app-passwords.ts';
import { BY_IMAP, countingSql, logIn, startDirectory } from './directory-for-tests.ts';
import { findCredentials } from './find-credentials.ts';
import type { HashPool } from './hash-pool.ts';
import { LoginTry } from './login-try.ts';
import { RECENT_MS, RecentVersion } from './recent-answers.ts';
import { RecentLogins } from './recent-logins.ts';
import { VerifiedLogins } from './verified-logins.ts';

const password = 'tanstaaftanstaaf';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password });
  await directory.addAddress('mary', 'jürgen@example.com');
  await directory.addAccount({ name: 'fat', address: 'fat@example.com', password: 'Ⅸ passwords' });
  await directory.addAccount({ name: 'disabled', address: 'disabled@example.com', password });
  await directory.setDisabled('disabled', true);
  await directory.addAccount({ name: 'bare', address: 'bare@example.com', password: null });
  await directory.setCatchall('example.com', 'mary');
});
afterAll(() => server[Symbol.asyncDispose]());

/** A login with a memory of its own, and what it cost. */
function startLogins() {
  const work = { queries: 0, hashes: 0 };
  const sql = countingSql(server.sql, () => {
    work.queries += 1;
  });
  const pool: HashPool = {
    run(hash) {
      work.hashes += 1;
      return hash();
    },
  };
  let time = 0;
  const now = () => time;
  const verifiedLogins = new VerifiedLogins({ maxEntries: 10, lifetimeMs: 60_000, now });
  const recentLogins = new RecentLogins({ version: new RecentVersion(now), maxEntries: 10, lifetimeMs: 60_000 });
  const memory = { verifiedLogins, recentLogins, now };
  const services = { sql, pool, ...memory, anonymousAccount: null, tokenValidator: null, onTokenRefused() {} };
  const attempt = () => new LoginTry(services, BY_IMAP);
  const logIn = async (login: string, secret: string, afterMs = RECENT_MS) => {
    time += afterMs;
    Object.assign(work, { queries: 0, hashes: 0 });
    const account = await attempt().verifyPassword(login, secret);
    return { account: account?.name ?? null, ...work };
  };
  return { logIn, attempt, work };
}

test.each([
  ['its name', 'mary', null],
  ['its name in capitals', 'MARY', null],
  ['its name with a soft hyphen', 'ma\u00adry', null],
  ['its name in full-width letters', 'ｍａｒｙ', null],
  ['its address', 'mary@example.com', 'mary@example.com'],
  ['its address in another form', '"Mary"@EXAMPLE.com.', 'mary@example.com'],
  ['another of its addresses', 'JU\u0308RGEN@example.com', 'jürgen@example.com'],
])('hardening 24: an account logs in by %s', async (_, login, loginAddress) => {
  expect(await logIn(server.directory, login, password)).toEqual({
    accountId: expect.any(Number),
    name: 'mary',
    loginAddress,
    credential: { type: 'password', credentialId: expect.any(Number) },
    expiresAt: null,
  });
});

test.each([
  '',
  '%',
  '*',
  'mar_',
  ')(uid=*',
  '"mary"',
  "mary' or '1'='1",
  'mary\0',
  'mary\u2028',
  'mary ',
  'máry',
  'mаry',
  'm\u0131ry',
  'mary@',
  '@example.com',
  'mary@example.com@example.com',
  'mary+detail@example.com',
  'whoever@example.com',
  'mary@EXAMPLE.org',
  '__proto__',
  'a'.repeat(1_000),
])('hardening 24: nobody logs in as %j', async (login) => {
  expect(await logIn(server.directory, login, password)).toBeNull();
});

test.each(['Tanstaaftanstaaf', 'tanstaaftanstaa', 'tanstaaftanstaaf ', '', ' ', '\0', '\u00ad', 'a'.repeat(1_025)])(
  'the password %j is wrong',
  async (wrong) => {
    expect(await logIn(server.directory, 'mary', wrong)).toBeNull();
  },
);

test('a password is compared as SASLprep makes it (RFC 4616 §2)', async () => {
  expect(await logIn(server.directory, 'fat', 'IX passwords')).toMatchObject({ name: 'fat' });
  expect(await logIn(server.directory, 'fat', 'Ⅸ pass\u00adwords')).toMatchObject({ name: 'fat' });
});

test.each([
  ['a known name', 'mary', 'wrong password'],
  ['a known address', 'mary@example.com', 'wrong password'],
  ['an unknown name', 'nobody', password],
  ['an unknown address', 'nobody@example.com', password],
  ['an address elsewhere', 'mary@example.org', password],
  ['what is neither name nor address', 'no body', password],
  ['a disabled account', 'disabled', password],
  ['an account without any credential', 'bare', password],
])('hardening 17: a login that fails costs one query and one hash: %s', async (_, login, secret) => {
  const { logIn } = startLogins();
  expect(await logIn(login, secret)).toEqual({ account: null, queries: 1, hashes: 1 });
});

test('hardening 17: with many app passwords a login costs one query and one hash, right or wrong', async () => {
  const { directory } = server;
  const { logIn } = startLogins();
  await directory.addAccount({ name: 'many', address: 'many@example.com', password });
  let last = '';
  for (let i = 1; i <= MAX_APP_PASSWORDS; i++) {
    const appPassword = { name: `${i}`, service: null, expiresAt: null, networks: null, isShared: false };
    last = await directory.appPasswords.add('many', appPassword);
  }
  expect(await logIn('many', 'wrong password')).toEqual({ account: null, queries: 1, hashes: 1 });
  expect(await logIn('many', last)).toEqual({ account: 'many', queries: 1, hashes: 1 });
  expect(await logIn('many', last)).toEqual({ account: 'many', queries: 1, hashes: 0 });
});

test('hardening 17: whoever is asked for as, it costs one query', async () => {
  const { attempt, work } = startLogins();
  const mary = await attempt().verifyPassword('mary', password);
  if (mary === null) throw new Error('mary cannot log in');
  for (const identity of [
    'mary',
    'mary@example.com',
    'fat',
    'fat@example.com',
    'nobody',
    'nobody@example.org',
    'a b',
  ]) {
    work.queries = 0;
    await attempt().authorize(mary, identity);
    expect(work.queries, identity).toBe(1);
  }
});

test.each(['mary', 'nobody', 'disabled', 'bare', 'no body'])(
  'hardening 17, 18: SCRAM and CRAM-MD5 find something to check a proof of %s against, by one query',
  async (login) => {
    const { attempt, work } = startLogins();
    const { salt, iterations, candidates } = await attempt().findScramCredentials(login, 'sha256');
    expect({ salt: salt.length, iterations, queries: work.queries }).toEqual({
      salt: 16,
      iterations: 15_000,
      queries: 1,
    });
    expect(candidates.length).toBeGreaterThan(0);
    expect(candidates.some(({ identity }) => identity !== null)).toBe(login === 'mary');
    expect(await attempt().findSharedSecrets(login)).toMatchObject([{ secret: expect.any(String), identity: null }]);
    expect(work).toEqual({ queries: 2, hashes: 0 });
  },
);

test('hardening 17: as many credentials are read for an unknown login as for a known one', async () => {
  await using own = await startDirectory();
  await own.directory.addAccount({ name: 'mary', address: 'mary@example.com', password });
  const { stored: known } = await findCredentials(own.sql, 'mary');
  const { stored: unknown, account } = await findCredentials(own.sql, 'nobody');
  expect(account).toBeNull();
  expect(unknown).toHaveLength(known.length);
});

test('hardening 17: names that nobody has differ in credentials as accounts do, and each keeps its own', async () => {
  await using own = await startDirectory();
  for (const name of ['one', 'two']) {
    await own.directory.addAccount({ name, address: `${name}@example.com`, password });
  }
  await own.sql`
    insert into credentials (account_id, kind, name, sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key)
    select account_id, 'app-password', 'phone', sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key
      from credentials join accounts using (account_id) where accounts.name = 'two'`;
  const count = async (login: string) => (await findCredentials(own.sql, login)).stored.length;
  const nobody = Array.from({ length: 60 }, (_, i) => `nobody${i}`);
  const counts = await Promise.all(nobody.map(count));
  expect(new Set(counts)).toEqual(new Set([1, 2]));
  expect(await Promise.all(nobody.map((name) => count(`${name}@example.com`)))).toEqual(counts);
});

test('an installation without accounts refuses every login', async () => {
  await using own = await startDirectory();
  expect(await logIn(own.directory, 'nobody', password)).toBeNull();
});

test('the right password is hashed once and then remembered, by whichever name the account logs in', async () => {
  const { logIn } = startLogins();
  expect(await logIn('mary', password)).toEqual({ account: 'mary', queries: 1, hashes: 1 });
  expect(await logIn('mary@example.com', password)).toEqual({ account: 'mary', queries: 1, hashes: 0 });
  expect(await logIn('mary', 'wrong password')).toEqual({ account: null, queries: 1, hashes: 1 });
});

test('who logs in again within a moment costs neither query nor hash; by another of its names it is another login', async () => {
  const { logIn } = startLogins();
  expect(await logIn('mary', password)).toEqual({ account: 'mary', queries: 1, hashes: 1 });
  expect(await logIn('mary', password, RECENT_MS - 1)).toEqual({ account: 'mary', queries: 0, hashes: 0 });
  expect(await logIn('mary', password, 1)).toEqual({ account: 'mary', queries: 1, hashes: 0 });
  expect(await logIn('mary@example.com', password, 1)).toEqual({ account: 'mary', queries: 1, hashes: 0 });
  expect(await logIn('mary', password, RECENT_MS - 1)).toEqual({ account: 'mary', queries: 0, hashes: 0 });
});

test.each([
  ['a wrong password', 'mary', 'tanstaaftanstaaf '],
  ['the right one of a disabled account', 'disabled', password],
  ['the right one of another account', 'bare', password],
])('hardening 17: a moment after a login %s costs one query and one hash', async (_, login, secret) => {
  const { logIn } = startLogins();
  expect(await logIn('mary', password)).toMatchObject({ account: 'mary' });
  expect(await logIn(login, secret, 1)).toEqual({ account: null, queries: 1, hashes: 1 });
  expect(await logIn(login, secret, 1)).toEqual({ account: null, queries: 1, hashes: 1 });
});

test('hardening 26: a changed password is refused at once, also where it was remembered', async () => {
  const { directory } = server;
  const { logIn } = startLogins();
  await directory.addAccount({ name: 'changer', address: 'changer@example.com', password });
  expect(await logIn('changer', password)).toMatchObject({ account: 'changer' });
  await directory.setPassword('changer', 'another password');
  expect(await logIn('changer', password)).toEqual({ account: null, queries: 1, hashes: 1 });
  expect(await logIn('changer', 'another password')).toMatchObject({ account: 'changer' });
});

test('hardening 26: a disabled account is refused at once, also where it was remembered', async () => {
  const { directory, sql } = server;
  const { logIn } = startLogins();
  await directory.addAccount({ name: 'suspect', address: 'suspect@example.com', password });
  expect(await logIn('suspect', password)).toMatchObject({ account: 'suspect' });
  await sql`update accounts set is_disabled = true where name = 'suspect'`;
  expect(await logIn('suspect', password)).toEqual({ account: null, queries: 1, hashes: 1 });
});

test('hardening 18: an unknown login has a salt of its own, always the same, and the iteration count of all', async () => {
  const { sql } = server;
  const saltsOf = async (login: string) => (await findCredentials(sql, login)).salts;
  const known = await saltsOf('mary');
  const unknown = await saltsOf('nobody');
  expect(await saltsOf('NOBODY')).toEqual(unknown);
  expect(unknown.sha1.salt).not.toEqual(unknown.sha256.salt);
  expect(unknown.sha1.salt).not.toEqual((await saltsOf('sha1 nobody')).sha256.salt);
  for (const hash of ['sha256', 'sha1'] as const) {
    expect((await saltsOf('nobody2'))[hash].salt).not.toEqual(unknown[hash].salt);
    expect((await saltsOf('no body'))[hash].salt).not.toEqual((await saltsOf('no one'))[hash].salt);
    expect(unknown[hash].salt).toHaveLength(known[hash].salt.length);
    expect(unknown[hash].iterations).toBe(known[hash].iterations);
  }
});

test('hardening 18: salts do not tell whether two names, of somebody or nobody, are of one account', async () => {
  const saltsOf = async (login: string) => (await findCredentials(server.sql, login)).salts;
  for (const name of ['mary', 'nobody']) {
    const salts = await saltsOf(name);
    expect(await saltsOf(`${name}@example.com`)).toEqual(salts);
    expect(await saltsOf(`${name}@elsewhere.example`)).toEqual(salts);
  }
});

test('an authorization identity is the account itself or an address of it', async () => {
  const directory = server.directory.beginLogin(BY_IMAP, 'PLAIN');
  const mary = await directory.verifyPassword('mary', password);
  if (mary === null) throw new Error('mary cannot log in');
  expect(await directory.authorize(mary, 'Mary')).toEqual(mary);
  expect(await directory.authorize(mary, 'jürgen@example.com')).toEqual({
    ...mary,
    loginAddress: 'jürgen@example.com',
  });
  for (const refused of [
    'fat',
    'fat@example.com',
    'whoever@example.com',
    'mary+x@example.com',
    'nobody',
    '',
    'a b@c',
  ]) {
    expect(await directory.authorize(mary, refused), refused).toBeNull();
  }
});

test('a login is what a SASL mechanism verifies with', async () => {
  const tls = {
    isTls: true,
    allowPlaintextWithoutTls: false,
    channelBinding: null,
    hasExternalIdentity: false,
    service: 'imap',
    hostNames: ['localhost'],
  } as const;
  const choice = chooseMechanism('PLAIN', tls, server.directory.mechanismsFor(BY_IMAP));
  if (choice.type !== 'offered') throw new Error('PLAIN is not offered');
  const exchange = choice.mechanism.start(server.directory.beginLogin(BY_IMAP, 'PLAIN'), tls);
  expect(await exchange.next(Buffer.from(`jürgen@example.com\0mary\0${password}`))).toMatchObject({
    type: 'success',
    identity: { name: 'mary', loginAddress: 'jürgen@example.com' },
  });
});
