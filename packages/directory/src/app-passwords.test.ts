import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MAX_APP_PASSWORDS, type NewAppPassword } from './app-passwords.ts';
import { BY_IMAP, logIn, startDirectory } from './directory-for-tests.ts';
import type { LoginContext } from './login.ts';

const password = 'tanstaaftanstaaf';
const PLAINEST: Omit<NewAppPassword, 'name'> = { service: null, expiresAt: null, networks: null, isShared: false };

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  for (const name of ['mary', 'paul']) {
    await server.directory.addAccount({ name, address: `${name}@example.com`, password });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

let names = 0;
/** With a name of its own. */
const add = (options: Partial<NewAppPassword> = {}, account = 'mary') =>
  server.directory.appPasswords.add(account, { ...PLAINEST, name: `test ${++names}`, ...options });

const logInFrom = (context: Partial<LoginContext>, secret: string, login = 'mary') =>
  server.directory.beginLogin({ ...BY_IMAP, ...context }, 'PLAIN').verifyPassword(login, secret);

test('an app password is made up and logs in beside the account’s own, until it is removed', async () => {
  const { directory } = server;
  const secret = await add({ name: 'phone' });
  expect(secret).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){4}$/);
  expect(await logIn(directory, 'mary@example.com', secret)).toEqual({
    accountId: expect.any(Number),
    name: 'mary',
    loginAddress: 'mary@example.com',
    credential: { type: 'app-password', credentialId: expect.any(Number), name: 'phone' },
    expiresAt: null,
  });
  expect(await logIn(directory, 'mary', password)).toMatchObject({ credential: { type: 'password' } });
  expect(await logIn(directory, 'paul', secret)).toBeNull();
  await directory.appPasswords.remove('mary', 'phone');
  expect(await logIn(directory, 'mary', secret)).toBeNull();
  expect(await logIn(directory, 'mary', password)).not.toBeNull();
});

test('it is typed as it is shown, for every mechanism alike', async () => {
  const secret = await add();
  for (const other of [secret.replaceAll('-', ''), secret.replaceAll('-', ' '), secret.toUpperCase()]) {
    expect(await logIn(server.directory, 'mary', other), other).toBeNull();
  }
});

test('an app password is for IMAP, for SMTP, or for both', async () => {
  for (const [service, forImap, forSmtp] of [
    ['imap', true, false],
    ['smtp', false, true],
    [null, true, true],
  ] as const) {
    const secret = await add({ service });
    expect((await logInFrom({ service: 'imap' }, secret)) !== null).toBe(forImap);
    expect((await logInFrom({ service: 'smtp' }, secret)) !== null).toBe(forSmtp);
  }
});

test('an app password is refused from the moment on when it expires, also where it was good a moment ago', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000);
  const secret = await add({ name: 'for an hour', expiresAt });
  expect(await logIn(server.directory, 'mary', secret)).toMatchObject({ expiresAt });
  vi.useFakeTimers({ toFake: ['Date'], now: expiresAt });
  expect(await logIn(server.directory, 'mary', secret)).toBeNull();
  vi.useRealTimers();
  await expect(add({ expiresAt: new Date() })).rejects.toMatchObject({ kind: 'already-expired' });
  await expect(add({ expiresAt: new Date(Number.NaN) })).rejects.toMatchObject({ kind: 'already-expired' });
});

test.each([
  [['192.0.2.0/24'], '192.0.2.200', '192.0.3.1'],
  [['192.0.2.7'], '192.0.2.7', '192.0.2.8'],
  [['::ffff:192.0.2.0/120'], '192.0.2.200', '192.0.3.1'],
  [['192.0.2.0/24'], '::ffff:192.0.2.200', '::ffff:192.0.3.1'],
  [['2001:db8:1::/48', '10.0.0.0/8'], '2001:db8:1:ffff::1', '2001:db8:2::1'],
  [['2001:db8:1::/48', '10.0.0.0/8'], '10.255.255.255', '11.0.0.0'],
  [['192.0.2.0/24'], '192.0.2.0', '2001:db8::c000:201'],
])('an app password for %j is good at %s and not at %s', async (networks, within, outside) => {
  const secret = await add({ networks });
  expect(await logInFrom({ clientAddress: within }, secret)).not.toBeNull();
  expect(await logInFrom({ clientAddress: outside }, secret)).toBeNull();
});

test.each([
  [[]],
  [['example.com']],
  [['192.0.2.0/33']],
  [["10.0.0.0/8'"]],
  [Array.from({ length: 21 }, (_, i) => `192.0.2.${i}`)],
])('%j are no networks', async (networks) => {
  await expect(add({ networks })).rejects.toMatchObject({ kind: 'invalid-network' });
});

test('an app password is for one account: not on a connection that has shown the key of another', async () => {
  const secret = await add();
  const { accountId } = (await logIn(server.directory, 'mary', secret)) ?? {};
  const { accountId: other } = (await logIn(server.directory, 'paul', password)) ?? {};
  if (accountId === undefined || other === undefined) throw new Error('mary or paul cannot log in');
  const key = { fingerprint: 'f', name: 'laptop', accountName: '', loginAddress: null, isImapPreauth: true };
  for (const by of [secret, password]) {
    expect(await logInFrom({ clientKey: { ...key, accountId } }, by)).toMatchObject({ name: 'mary' });
    expect(await logInFrom({ clientKey: { ...key, accountId: other } }, by)).toBeNull();
  }
});

test('SCRAM tries the proof against each password, all with the salt of the account', async () => {
  const { directory } = server;
  await add({ service: 'smtp' });
  const attempt = directory.beginLogin(BY_IMAP, 'SCRAM-SHA-256');
  const before = await attempt.findScramCredentials('paul', 'sha256');
  await add({ name: 'phone' }, 'paul');
  await add({ name: 'sendmail', service: 'smtp' }, 'paul');
  const after = await attempt.findScramCredentials('paul', 'sha256');
  expect(after).toMatchObject({ salt: before.salt, iterations: before.iterations });
  const seen = after.candidates.map(({ identity }) => identity?.credential);
  expect(seen).toEqual([
    expect.objectContaining({ type: 'password' }),
    expect.objectContaining({ type: 'app-password', name: 'phone' }),
    undefined,
  ]);
});

test('only an app password whose owner asked can be shared with CRAM-MD5 and DIGEST-MD5', async () => {
  const { directory } = server;
  const secretsOf = (login: string) => directory.beginLogin(BY_IMAP, 'CRAM-MD5').findSharedSecrets(login);
  await directory.addAccount({ name: 'old', address: 'old@example.com', password });
  await add({ name: 'modern' }, 'old');
  const [none, ...others] = await secretsOf('old');
  expect(none).toMatchObject({ identity: null });
  expect(others).toEqual([]);
  const shared = await add({ name: 'fax', isShared: true }, 'old');
  await add({ name: 'printer', isShared: true, service: 'smtp' }, 'old');
  expect(await secretsOf('old')).toMatchObject([
    { secret: shared, identity: { credential: { name: 'fax' } } },
    { identity: null },
  ]);
  expect(await logIn(directory, 'old', shared)).toMatchObject({ credential: { name: 'fax' } });
});

test('an account has 50 credentials, of which the last is found as well, by one hash', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'full', address: 'full@example.com', password });
  let last = '';
  for (let i = 0; i < MAX_APP_PASSWORDS; i++) last = await add({}, 'full');
  await expect(add({}, 'full')).rejects.toMatchObject({ kind: 'too-many-app-passwords' });
  expect(await logIn(directory, 'full', last)).toMatchObject({ credential: { type: 'app-password' } });
  await directory.setPassword('full', null);
  await directory.setPassword('full', 'another password');
  const { candidates } = await directory.beginLogin(BY_IMAP, 'SCRAM-SHA-1').findScramCredentials('full', 'sha1');
  expect(candidates).toHaveLength(50);
  const [oldest] = await directory.appPasswords.list('full');
  await directory.appPasswords.remove('full', oldest?.name ?? '');
  await add({}, 'full');
});

test('app passwords of an account have different names, however they are typed', async () => {
  const { directory } = server;
  await add({ name: 'über' });
  await expect(add({ name: ' u\u0308ber' })).rejects.toMatchObject({ kind: 'app-password-exists' });
  await add({ name: 'Über' });
  await add({ name: 'über' }, 'paul');
  await directory.appPasswords.remove('mary', 'u\u0308ber ');
  await expect(directory.appPasswords.remove('mary', 'über')).rejects.toMatchObject({ kind: 'no-such-app-password' });
  expect((await directory.appPasswords.list('paul')).map(({ name }) => name)).toContain('über');
});

test.each(['', ' ', 'a\nb', 'a\x1b[31m', 'a\u202eb', 'a\u2028b', 'a\0', '\ud800', 'x'.repeat(101)])(
  'hardening 14: %j is no name of an app password',
  async (name) => {
    await expect(add({ name })).rejects.toMatchObject({ kind: 'invalid-name' });
    await expect(server.directory.appPasswords.remove('mary', name)).rejects.toMatchObject({ kind: 'invalid-name' });
  },
);

test('app passwords are listed with all but themselves', async () => {
  const { directory, sql } = server;
  await directory.addAccount({ name: 'ann', address: 'ann@example.com', password: null });
  expect(await directory.appPasswords.list('ann')).toEqual([]);
  const expiresAt = new Date(Date.now() + 86_400_000);
  await add({ name: 'phone', service: 'imap', expiresAt, networks: ['192.0.2.9/24', '2001:db8::1'] }, 'ann');
  await add({ name: 'fax', service: 'smtp', isShared: true }, 'ann');
  await sql`update credentials set last_used_at = created_at, last_used_from = '192.0.2.7' where name = 'phone'`;
  const never = { lastUsedAt: null, lastUsedFrom: null };
  expect(await directory.appPasswords.list('ann')).toEqual([
    {
      name: 'phone',
      service: 'imap',
      expiresAt,
      networks: ['192.0.2.0/24', '2001:db8::1/128'],
      isShared: false,
      createdAt: expect.any(Date),
      lastUsedAt: expect.any(Date),
      lastUsedFrom: '192.0.2.7',
    },
    { ...PLAINEST, name: 'fax', service: 'smtp', isShared: true, createdAt: expect.any(Date), ...never },
  ]);
});

test('an app password needs an account', async () => {
  const { appPasswords } = server.directory;
  await expect(add({}, 'nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(appPasswords.list('nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(appPasswords.remove('nobody', 'phone')).rejects.toMatchObject({ kind: 'no-such-account' });
});

test('an app password is nowhere in the database, unless its owner asked, and then in one place', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password });
  const hidden = await directory.appPasswords.add('mary', { ...PLAINEST, name: 'hidden' });
  const shared = await directory.appPasswords.add('mary', { ...PLAINEST, name: 'shared', isShared: true });
  const found: Record<string, string[]> = { [hidden]: [], [shared]: [] };
  const columns = await sql<{ table: string; column: string }[]>`
    select table_name as table, column_name as column from information_schema.columns where table_schema = 'public'`;
  for (const { table, column } of columns) {
    for (const secret of [hidden, shared]) {
      const [row] = await sql`
        select from ${sql(table)} where ${sql(column)}::text like ${`%${secret}%`}
            or ${sql(column)}::text like ${`%${Buffer.from(secret).toString('hex')}%`}`;
      if (row !== undefined) found[secret]?.push(`${table}.${column}`);
    }
  }
  expect(found).toEqual({ [hidden]: [], [shared]: ['credentials.shared_secret'] });
});
