import { openDatabase } from '@postel/storage';
import { expect, test } from 'vitest';
import { BY_IMAP, startDirectory } from './directory-for-tests.ts';
import { mechanismPolicy } from './mechanism-policy.ts';
import { openDirectory } from './open-directory.ts';

const ALL = [
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-256',
  'PLAIN',
  'OAUTHBEARER',
  'XOAUTH2',
  'CRAM-MD5',
  'DIGEST-MD5',
  'ANONYMOUS',
];
const NONE = { mechanisms: null, hasAnonymousAccount: false, takesTokens: false, isShared: false };

test.each([
  [{}, 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN'],
  [{ hasAnonymousAccount: true }, 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN ANONYMOUS'],
  [{ takesTokens: true }, 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN OAUTHBEARER XOAUTH2'],
  [{ isShared: true }, 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN CRAM-MD5 DIGEST-MD5'],
  [{ mechanisms: ['SCRAM-SHA-256', 'CRAM-MD5', 'ANONYMOUS'] }, 'SCRAM-SHA-256-PLUS SCRAM-SHA-256'],
  [{ mechanisms: ['CRAM-MD5', 'ANONYMOUS'], hasAnonymousAccount: true, isShared: true }, 'CRAM-MD5 ANONYMOUS'],
  [{ mechanisms: ['SCRAM-SHA-256-PLUS'], takesTokens: true }, 'SCRAM-SHA-256-PLUS'],
  [{ mechanisms: [], hasAnonymousAccount: true, takesTokens: true, isShared: true }, ''],
])('with %j these are offered: %s', (options, offered) => {
  const { isShared, ...rest } = { ...NONE, ...options };
  const policy = mechanismPolicy({ ...rest, takesSharedSecrets: () => isShared })(BY_IMAP);
  expect(ALL.filter(policy).join(' ')).toBe(offered);
});

test('CRAM-MD5 is offered while somebody has an app password for it, also one that another process makes', async () => {
  await using server = await startDirectory();
  const { directory, target } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  const fax = { name: 'fax', service: null, expiresAt: null, networks: null, isShared: true };
  await directory.appPasswords.add('mary', fax);
  const database = openDatabase(target, { applicationName: 'directory test', maxConnections: 1 });
  const other = openDirectory(database);
  expect(other.mechanismsFor(BY_IMAP)('CRAM-MD5')).toBe(false);
  await other.start();
  expect(other.mechanismsFor(BY_IMAP)('CRAM-MD5')).toBe(true);
  await directory.appPasswords.remove('mary', 'fax');
  await expect.poll(() => other.mechanismsFor(BY_IMAP)('DIGEST-MD5'), { timeout: 5_000 }).toBe(false);
  await directory.appPasswords.add('mary', fax);
  await expect.poll(() => other.mechanismsFor(BY_IMAP)('DIGEST-MD5'), { timeout: 5_000 }).toBe(true);
  await other.close();
  await database.close();
});

test('CRAM-MD5 is offered where some app password for it is good, and nowhere else', async () => {
  await using server = await startDirectory();
  const { directory, target } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  const scanner = { name: 'scanner', expiresAt: null, isShared: true } as const;
  await directory.appPasswords.add('mary', { ...scanner, service: 'smtp', networks: ['192.0.2.7', '2001:db8::/32'] });
  const database = openDatabase(target, { applicationName: 'directory test', maxConnections: 1 });
  const other = openDirectory(database);
  await other.start();
  const offers = (service: 'imap' | 'smtp', clientAddress: string) =>
    other.mechanismsFor({ service, clientAddress })('CRAM-MD5');
  expect([offers('smtp', '192.0.2.7'), offers('smtp', '2001:db8::1')]).toEqual([true, true]);
  expect([offers('smtp', '192.0.2.8'), offers('imap', '192.0.2.7')]).toEqual([false, false]);
  await directory.appPasswords.add('mary', { ...scanner, name: 'reader', service: 'imap', networks: null });
  await expect.poll(() => offers('imap', '192.0.2.8'), { timeout: 5_000 }).toBe(true);
  expect(offers('smtp', '192.0.2.8')).toBe(false);
  await other.close();
  await database.close();
});

test('an anonymous account that is missing is told once, and once more if it comes and goes', async () => {
  await using server = await startDirectory();
  const database = openDatabase(server.target, { applicationName: 'directory test', maxConnections: 1 });
  const warnings: string[] = [];
  const directory = openDirectory(database, { anonymousAccount: 'guest', onWarning: (text) => warnings.push(text) });
  await directory.start();
  expect(warnings).toEqual(['nobody can log in by ANONYMOUS: there is no account guest, or it is disabled']);
  await server.directory.addAccount({ name: 'guest', address: 'guest@example.com', password: null });
  const witness = { name: 'fax', service: null, expiresAt: null, networks: null, isShared: true };
  await server.directory.appPasswords.add('guest', witness);
  await expect.poll(() => directory.mechanismsFor(BY_IMAP)('CRAM-MD5'), { timeout: 5_000 }).toBe(true);
  await server.directory.setDisabled('guest', true);
  await expect.poll(() => warnings.length, { timeout: 5_000 }).toBe(2);
  await directory.close();
  await database.close();
});
