import { openDatabase } from '@postel/storage';
import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BY_IMAP, logIn, startDirectory } from './directory-for-tests.ts';
import type { AuthenticatedAccount } from './login.ts';
import { type DirectoryOptions, openDirectory } from './open-directory.ts';
import type { SessionEnd } from './watched-sessions.ts';

const password = 'tanstaaftanstaaf';
const PLAINEST = { service: null, expiresAt: null, networks: null, isShared: false } as const;
const END_MS = 5_000;

let server: Awaited<ReturnType<typeof startDirectory>>;
let elsewhere: Awaited<ReturnType<typeof openElsewhere>>;
beforeAll(async () => {
  server = await startDirectory();
  elsewhere = await openElsewhere();
});
afterAll(async () => {
  await elsewhere[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What another host has that serves the same accounts: connections, and a directory, of its own. */
async function openElsewhere(options: DirectoryOptions = {}, target = server.target) {
  const database = openDatabase(target, { applicationName: 'directory test', maxConnections: 2 });
  const directory = openDirectory(database, options);
  await directory.start();
  return {
    directory,
    async [Symbol.asyncDispose]() {
      await directory.close();
      await database.close();
    },
  };
}

/** An account with an app password and a TLS public key, and how to begin sessions of it on the other host. */
async function addAccount(name: string) {
  const { directory, sql } = server;
  await directory.addAccount({ name, address: `${name}@example.com`, password });
  const appPassword = await directory.appPasswords.add(name, { ...PLAINEST, name: 'phone' });
  const fingerprint = Buffer.alloc(32, name);
  await sql`
    insert into tls_public_keys (fingerprint, account_id, subject_public_key_info, key_type, name)
    select ${fingerprint}, account_id, ''::bytea, 'ed25519', 'laptop' from accounts where name = ${name}`;
  const clientKey = await directory.findClientKey(fingerprint.toString('base64url'));
  const accounts = {
    password: await logIn(elsewhere.directory, name, password),
    appPassword: await logIn(elsewhere.directory, name, appPassword),
    key: await elsewhere.directory.beginLogin({ ...BY_IMAP, clientKey }, 'EXTERNAL').findExternalIdentity(),
  };
  const begin = (by: keyof typeof accounts) => watch(accounts[by]);
  return { begin, accounts, fingerprint };
}

/** A session, and when and why it ended. */
function watch(account: AuthenticatedAccount | null, { directory } = elsewhere) {
  if (account === null) throw new Error('the login was refused');
  const ends: SessionEnd[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<SessionEnd>();
  const session = directory.watchSession(account, (reason) => {
    ends.push(reason);
    resolve(reason);
  });
  return { ended, ends, [Symbol.dispose]: () => session[Symbol.dispose]() };
}

/** Waits until the other host has looked at the directory as it is now. */
async function looked() {
  await server.directory.addAccount({ name: `witness${++witnesses}`, address: `w${witnesses}@example.com`, password });
  const witness = watch(await logIn(elsewhere.directory, `witness${witnesses}`, password));
  await server.directory.setDisabled(`witness${witnesses}`, true);
  await witness.ended;
}
let witnesses = 0;

describe('hardening 26: on another host,', () => {
  test.each(['password', 'appPassword', 'key'] as const)(
    'a session by %s ends when the account is disabled, and one when it is removed',
    { timeout: 2 * END_MS + 5_000 },
    async (by) => {
      const name = `gone-${by.toLowerCase()}`;
      const { begin } = await addAccount(name);
      const first = begin(by);
      await server.directory.setDisabled(name, true);
      expect(await within(first.ended)).toBe('account');
      await server.directory.setDisabled(name, false);
      const second = begin(by);
      await looked();
      expect(second.ends).toEqual([]);
      await server.directory.removeAccount(name);
      expect(await within(second.ended)).toBe('account');
      expect(first.ends).toEqual(['account']);
    },
  );

  test('a changed password ends the sessions of the old one, and no others', async () => {
    const { begin } = await addAccount('changer');
    const sessions = {
      password: begin('password'),
      again: begin('password'),
      app: begin('appPassword'),
      key: begin('key'),
    };
    await server.directory.setPassword('changer', 'another password');
    expect(await within(sessions.password.ended)).toBe('credential');
    expect(await within(sessions.again.ended)).toBe('credential');
    const fresh = watch(await logIn(elsewhere.directory, 'changer', 'another password'));
    await looked();
    expect([fresh.ends, sessions.app.ends, sessions.key.ends]).toEqual([[], [], []]);
    await server.directory.setPassword('changer', null);
    expect(await within(fresh.ended)).toBe('credential');
  });

  test('a removed app password ends its sessions, and no others', async () => {
    const { begin } = await addAccount('remover');
    const sessions = { password: begin('password'), app: begin('appPassword'), key: begin('key') };
    await server.directory.appPasswords.remove('remover', 'phone');
    expect(await within(sessions.app.ended)).toBe('credential');
    await looked();
    expect([sessions.password.ends, sessions.key.ends]).toEqual([[], []]);
  });

  test('a removed key, or one that another account has now, ends its sessions', async () => {
    for (const [i, change] of [
      (key: Buffer) => server.sql`delete from tls_public_keys where fingerprint = ${key}`,
      (key: Buffer) => server.sql`
        update tls_public_keys set account_id = (select account_id from accounts where name = 'changer') where fingerprint = ${key}`,
    ].entries()) {
      const { begin, fingerprint } = await addAccount(`key-owner-${i}`);
      const sessions = { password: begin('password'), key: begin('key') };
      await looked();
      expect(sessions.key.ends).toEqual([]);
      await change(fingerprint);
      await looked();
      expect([sessions.key.ends, sessions.password.ends]).toEqual([['credential'], []]);
    }
  });

  test('a session whose credential went between its login and its watch ends', async () => {
    const { accounts } = await addAccount('unlucky');
    await server.directory.setDisabled('unlucky', true);
    await looked();
    expect(await within(watch(accounts.password).ended)).toBe('account');
  });

  test('a session ends when its app password expires, and one without an end goes on', async () => {
    const { accounts } = await addAccount('hurried');
    if (accounts.appPassword === null) throw new Error('the login was refused');
    const lasting = watch({ ...accounts.appPassword, expiresAt: new Date(Date.now() + 86_400_000) });
    const ending = watch({ ...accounts.appPassword, expiresAt: new Date(Date.now() + 300) });
    expect(await within(ending.ended)).toBe('credential');
    expect(lasting.ends).toEqual([]);
  });

  test('what an anonymous session, or one by token, hangs on is its account', async () => {
    const { accounts } = await addAccount('guest');
    if (accounts.password === null) throw new Error('the login was refused');
    const sessions = [
      watch({ ...accounts.password, credential: { type: 'anonymous' } }),
      watch({ ...accounts.password, credential: { type: 'token', issuer: 'https://id.example.com' } }),
    ];
    await looked();
    expect(sessions.map(({ ends }) => ends)).toEqual([[], []]);
    await server.directory.setDisabled('guest', true);
    expect(await Promise.all(sessions.map(({ ended }) => within(ended)))).toEqual(['account', 'account']);
  });
});

test('a session that is over hears nothing, and leaves others of its credential watched', async () => {
  const { begin } = await addAccount('leaver');
  const left = begin('password');
  const staying = begin('password');
  left[Symbol.dispose]();
  left[Symbol.dispose]();
  await server.directory.setDisabled('leaver', true);
  expect(await within(staying.ended)).toBe('account');
  expect(left.ends).toEqual([]);
});

test('hardening 26: what is revoked while a host cannot reach the database ends when it can again', async () => {
  await using broken = await startBreakableServer(server.target);
  await using host = await openElsewhere({}, broken.target);
  await addAccount('revoked');
  const appPassword = await server.directory.appPasswords.add('revoked', { ...PLAINEST, name: 'tablet' });
  const session = watch(await logIn(host.directory, 'revoked', appPassword), host);
  const expiring = watch({ ...(await login(host)), expiresAt: new Date(Date.now() + 300) }, host);
  broken.refuse(true);
  await server.directory.appPasswords.remove('revoked', 'tablet');
  expect(await within(expiring.ended)).toBe('credential'); // without the database
  expect(session.ends).toEqual([]);
  broken.refuse(false);
  expect(await within(session.ended)).toBe('credential');
});

async function login({ directory }: typeof elsewhere) {
  const account = await logIn(directory, 'revoked', password);
  if (account === null) throw new Error('the login was refused');
  return account;
}

async function within<Result>(promise: Promise<Result>): Promise<Result | 'too late'> {
  const { promise: late, resolve } = Promise.withResolvers<'too late'>();
  const timer = setTimeout(() => resolve('too late'), END_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
