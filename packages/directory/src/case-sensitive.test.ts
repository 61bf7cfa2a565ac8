import { makeCertificate, makeKeyPair, readClientKey } from '@postel/tls-pubkey';
import { expect, test } from 'vitest';
import { findFamiliarAccount } from './attempt-rows.ts';
import { BY_IMAP, logIn, startDirectory } from './directory-for-tests.ts';
import { parseLoginName } from './login-name.ts';

const DATES = { notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01') };

async function newKey() {
  const { privateKey } = await makeKeyPair('ed25519');
  const reading = readClientKey(makeCertificate(privateKey, { name: 'a key', ...DATES }));
  if (reading.type === 'refused') throw new Error(reading.reason);
  return reading.key;
}

test('hardening 41: where cases are told apart, each logs in by their own address, by their own password or key', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'lower', address: 'mary@example.com', password: 'password of lower' });
  await directory.changeDomain('example.com', { isCaseSensitive: true });
  await directory.addAccount({ name: 'upper', address: 'MARY@example.com', password: 'password of upper' });

  const nameBy = async (login: string, password: string) => (await logIn(directory, login, password))?.name ?? null;
  expect(await nameBy('mary@example.com', 'password of lower')).toBe('lower');
  expect(await nameBy('MARY@example.com', 'password of upper')).toBe('upper');
  expect(await nameBy('MARY@Example.com', 'password of lower')).toBeNull();
  expect(await nameBy('Mary@example.com', 'password of lower')).toBeNull();

  const key = await newKey();
  await directory.tlsPublicKeys.add({ login: 'MARY@example.com', key, name: 'laptop', isImapPreauth: true });
  expect(await directory.tlsPublicKeys.get(key.fingerprint)).toMatchObject({ accountName: 'upper' });
  const nobodys = { login: 'Mary@example.com', key: await newKey(), name: 'x', isImapPreauth: true };
  await expect(directory.tlsPublicKeys.add(nobodys)).rejects.toMatchObject({ kind: 'no-such-account' });

  for (const login of ['MARY@example.com', 'mary@example.com']) {
    const attempt = directory.beginLogin(BY_IMAP, 'PLAIN');
    const account = await attempt.verifyPassword(login, 'wrong for both');
    expect(account).toBeNull();
    attempt.settle('credentials');
  }
  const right = directory.beginLogin(BY_IMAP, 'PLAIN');
  const upper = await right.verifyPassword('MARY@example.com', 'password of upper');
  if (upper === null) throw new Error('It is right');
  right.settle('success', upper);
  const since = new Date(0);
  const failuresOf = async (accountName: string) =>
    (await directory.listLogins({ accountName, onlyFailed: true, since, limit: 10 })).map(({ loginName }) => loginName);
  await expect.poll(() => failuresOf('lower')).toEqual(['mary@example.com']);
  await expect.poll(() => failuresOf('upper')).toEqual(['MARY@example.com']);
  const familiar = async (login: string) => {
    const found = await findFamiliarAccount(sql, await parseLoginName(login), `${BY_IMAP.clientAddress}/32`);
    return found === upper.accountId ? 'upper' : found;
  };
  // It waits for the name of the program.
  await expect.poll(() => familiar('MARY@example.com'), { timeout: 20_000 }).toBe('upper');
  expect(await familiar('mary@example.com')).toBeNull();
});
