import { openDatabase } from '@postel/storage';
import { expect, test } from 'vitest';
import { logIn, startDirectory, TESTER } from './directory-for-tests.ts';
import { openDirectory } from './open-directory.ts';

const password = 'tanstaaftanstaaf';

test('every change raises the directory version, and a change that fails does not', async () => {
  await using server = await startDirectory();
  const { directory, sql } = server;
  const version = async () => {
    const [row] = await sql<{ version: number }[]>`select directory_version as version from installation`;
    return row?.version ?? 0;
  };
  const before = await version();

  const changes = [
    () => directory.addAccount({ name: 'mary', address: 'mary@example.com', password }),
    () => directory.addDomain('example.org'),
    () => directory.addAddress('mary', 'mary@example.org'),
    () => directory.setCatchall('example.org', 'mary'),
    () => directory.setPassword('mary', 'another password'),
    () => directory.setPassword('mary', null),
    () =>
      directory.appPasswords.add('mary', {
        name: 'x',
        service: null,
        expiresAt: null,
        networks: null,
        isShared: false,
      }),
    () => directory.appPasswords.remove('mary', 'x'),
    () => directory.setDisabled('mary', true),
    () => directory.removeAccount('mary'),
  ];
  for (const [i, change] of changes.entries()) {
    await change();
    expect(await version()).toBe(before + i + 1);
  }
  await expect(directory.setCatchall('example.org', 'mary')).rejects.toMatchObject({ kind: 'no-such-account' });
  expect(await version()).toBe(before + changes.length);
});

test('hardening 65: a database that does not answer is `unavailable`', async () => {
  const target = { socketDirectory: '/nonexistent', database: 'postel', user: 'postel' };
  const database = openDatabase(target, { applicationName: 'directory test', maxConnections: 1 });
  const directory = openDirectory(database).as(TESTER);
  await expect(logIn(directory, 'mary', password)).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(directory.addDomain('example.com')).rejects.toMatchObject({ kind: 'unavailable' });
  await database.close();
});
