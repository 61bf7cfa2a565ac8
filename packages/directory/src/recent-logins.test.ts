import { setImmediate as nextTurn } from 'node:timers/promises';
import { openDatabase } from '@postel/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ManagedDirectory } from './directory.ts';
import { BY_IMAP, logIn, startDirectory, TESTER } from './directory-for-tests.ts';

import type { LoginContext } from './login.ts';
import { openDirectory } from './open-directory.ts';
import { RECENT_MS, RecentVersion } from './recent-answers.ts';
import { type FoundLogin, RecentLogins } from './recent-logins.ts';

describe('what is remembered', () => {
  const found = {} as FoundLogin;

  function remember({ maxEntries = 10, lifetimeMs = 1_000 } = {}) {
    let time = 0;
    const logins = new RecentLogins({ version: new RecentVersion(() => time), maxEntries, lifetimeMs });
    return { logins, pass: (ms: number) => (time += ms), now: () => time };
  }

  test('is good while the database was asked a moment ago, whoever asked', () => {
    const { logins, pass, now } = remember();
    const mary = logins.fingerprint('mary', 'tanstaaf');
    logins.learn(7, now());
    logins.add(mary, found, 7);
    pass(RECENT_MS - 1);
    expect(logins.find(mary)).not.toBeNull();
    pass(1);
    expect(logins.find(mary)).toBeNull();
    logins.learn(7, now());
    expect(logins.find(mary)).not.toBeNull();
  });

  test('counts from the question, not from the answer', () => {
    const { logins, pass, now } = remember();
    const mary = logins.fingerprint('mary', 'tanstaaf');
    const askedAt = now();
    pass(RECENT_MS);
    logins.learn(7, askedAt);
    logins.add(mary, found, 7);
    expect(logins.find(mary)).toBeNull();
  });

  test('is forgotten with the version of the directory', () => {
    const { logins, now } = remember();
    const mary = logins.fingerprint('mary', 'tanstaaf');
    logins.learn(7, now());
    logins.add(mary, found, 7);
    logins.learn(8, now());
    expect(logins.find(mary)).toBeNull();
    logins.learn(7, now()); // of a database that was restored
    expect(logins.find(mary)).toBeNull();
  });

  test('is not of a version that is not the newest', () => {
    const { logins, now } = remember();
    const mary = logins.fingerprint('mary', 'tanstaaf');
    logins.learn(8, now());
    logins.add(mary, found, 7);
    expect(logins.find(mary)).toBeNull();
  });

  test('is not changed by an answer to an older question', () => {
    const { logins, pass, now } = remember();
    const mary = logins.fingerprint('mary', 'tanstaaf');
    const before = now();
    pass(1);
    logins.learn(8, now());
    logins.add(mary, found, 8);
    logins.learn(7, before);
    expect(logins.find(mary)).not.toBeNull();
  });

  test('is asked for again after its lifetime, and the oldest goes first where there is no room', () => {
    const { logins, pass, now } = remember({ maxEntries: 2, lifetimeMs: 1_000 });
    const names = ['one', 'two', 'three'].map((name) => logins.fingerprint(name, 'tanstaaf'));
    logins.learn(7, now());
    for (const name of names) logins.add(name, found, 7);
    expect(names.map((name) => logins.find(name) !== null)).toEqual([false, true, true]);
    pass(1_000);
    logins.learn(7, now());
    expect(names.map((name) => logins.find(name))).toEqual([null, null, null]);
  });

  test('is found by login and password together, in this process alone', () => {
    const { logins } = remember();
    const fingerprints = [
      logins.fingerprint('mary', 'tanstaaf'),
      logins.fingerprint('mary t', 'anstaaf'),
      logins.fingerprint('mar', 'y tanstaaf'),
      logins.fingerprint('Mary', 'tanstaaf'),
      remember().logins.fingerprint('mary', 'tanstaaf'),
    ];
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
    expect(fingerprints.join()).not.toContain('tanstaaf');
  });
});

const password = 'tanstaaftanstaaf';

let server: Awaited<ReturnType<typeof startDirectory>>;
let elsewhere: ManagedDirectory;
let close: () => Promise<void>;
beforeAll(async () => {
  server = await startDirectory();
  const database = openDatabase(server.target, { applicationName: 'another host', maxConnections: 2 });
  elsewhere = openDirectory(database).as(TESTER);
  close = async () => {
    await elsewhere.close();
    await database.close();
  };
});
afterAll(async () => {
  await close();
  await server[Symbol.asyncDispose]();
});

/** A new account, with an app password for everything. */
async function addAccount(name: string) {
  await server.directory.addAccount({ name, address: `${name}@example.com`, password });
  const phone = { name: 'phone', service: null, expiresAt: null, networks: null, isShared: false };
  return { appPassword: await server.directory.appPasswords.add(name, phone) };
}

/** Logs in over and over, so that what is remembered is as fresh as can be. */
function keepLoggingIn(name: string, secret: string) {
  let isOver = false;
  let successes = 0;
  const done = (async () => {
    for (; !isOver; await nextTurn()) if ((await logIn(server.directory, name, secret)) !== null) successes++;
  })();
  return {
    get successes() {
      return successes;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await done;
    },
  };
}

type Revoke = (directory: ManagedDirectory, name: string) => Promise<unknown>;
const REVOCATIONS: readonly [string, 'own' | 'app', Revoke][] = [
  ['a changed password', 'own', (directory, name) => directory.setPassword(name, 'another password')],
  ['a password taken away', 'own', (directory, name) => directory.setPassword(name, null)],
  ['a disabled account', 'own', (directory, name) => directory.setDisabled(name, true)],
  ['a removed account', 'own', (directory, name) => directory.removeAccount(name)],
  ['a removed app password', 'app', (directory, name) => directory.appPasswords.remove(name, 'phone')],
];

describe.each(REVOCATIONS)('hardening 26: %s is refused from then on', (what, which, revoke) => {
  test.each([
    ['in this process', () => server.directory],
    ['on another host', () => elsewhere],
  ])('where it was done %s', async (where, directory) => {
    const name = `${what} ${where}`.replaceAll(' ', '-');
    const { appPassword } = await addAccount(name);
    const secret = which === 'own' ? password : appPassword;
    await using logins = keepLoggingIn(name, secret);
    await expect.poll(() => logins.successes).toBeGreaterThan(10);
    await revoke(directory(), name);
    expect(await logIn(server.directory, name, secret)).toBeNull();
    const { successes } = logins;
    expect(await logIn(server.directory, name, secret)).toBeNull();
    expect(logins.successes).toBe(successes);
  });
});

test.each<[string, Partial<LoginContext>]>([
  ['from another network', { clientAddress: '198.51.100.1' }],
  ['over another service', { service: 'smtp' }],
])('an app password is refused %s, also where it was good a moment ago', async (how, difference) => {
  const name = how.replaceAll(' ', '-');
  const { directory } = server;
  await addAccount(name);
  const office = { name: 'office', service: 'imap', expiresAt: null, isShared: false } as const;
  const secret = await directory.appPasswords.add(name, { ...office, networks: [BY_IMAP.clientAddress] });
  const tryIn = (context: LoginContext) => directory.beginLogin(context, 'PLAIN').verifyPassword(name, secret);
  expect(await tryIn(BY_IMAP)).not.toBeNull();
  expect(await tryIn({ ...BY_IMAP, ...difference })).toBeNull();
  expect(await tryIn(BY_IMAP)).not.toBeNull();
});

test('a client with the TLS key of another account is refused, also where the password was good a moment ago', async () => {
  const { directory } = server;
  await addAccount('owner');
  const owner = await logIn(directory, 'owner', password);
  await addAccount('thief');
  expect(await logIn(directory, 'thief', password)).not.toBeNull();
  if (owner === null) throw new Error('owner cannot log in');
  const clientKey = { fingerprint: 'a key', name: 'laptop', loginAddress: null, isImapPreauth: false };
  const context = { ...BY_IMAP, clientKey: { ...clientKey, accountId: owner.accountId, accountName: 'owner' } };
  expect(await directory.beginLogin(context, 'PLAIN').verifyPassword('thief', password)).toBeNull();
});
