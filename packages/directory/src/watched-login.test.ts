import { openDatabase } from '@postel/storage';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Directory } from './directory.ts';
import { BY_IMAP, startDirectory, TESTER } from './directory-for-tests.ts';
import type { LoginContext } from './login.ts';
import { openDirectory } from './open-directory.ts';

const password = 'tanstaaftanstaaf';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  for (const name of ['mary', 'john', 'other']) {
    await server.directory.addAccount({ name, address: `${name}@example.com`, password });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

/** Another process. */
const openAnother = () => openDirectory({ sql: server.sql }).as(TESTER);

const from = (clientAddress: string): LoginContext => ({ ...BY_IMAP, clientAddress });

/** @returns what whoever logs in would hear */
async function logIn(directory: Directory, clientAddress: string, login: string, secret: string) {
  const attempt = directory.beginLogin(from(clientAddress), 'PLAIN');
  const account = await attempt.verifyPassword(login, secret);
  const delayMs = attempt.settle(account === null ? 'credentials' : 'success', account);
  return { answer: account?.name ?? attempt.refusal?.message ?? 'wrong', delayMs };
}

/** Guesses until all is refused. @returns the tries it took */
async function fillUp(directory: Directory, addresses: readonly string[], login = 'nobody'): Promise<number> {
  for (const [i, address] of addresses.entries()) {
    const { answer } = await logIn(directory, address, login, `guess ${i}`);
    if (answer !== 'wrong') return i;
  }
  throw new Error('never refused');
}

const times = (count: number, address: string) => Array.from({ length: count }, () => address);
const refused = expect.stringMatching(/^Too many failed logins from .*: try again in \d+ minutes$/);

describe('hardening 27', () => {
  test('who guesses is refused, with the right password too; on another process as well, and after a restart', async () => {
    const one = openAnother();
    expect(await fillUp(one, times(20, '192.0.2.1'))).toBe(10);
    expect((await logIn(one, '192.0.2.1', 'mary', password)).answer).toEqual(refused);
    await one.close();

    const other = openAnother();
    expect((await logIn(other, '192.0.2.1', 'mary', password)).answer).toEqual(refused);
    expect((await logIn(other, '192.0.2.2', 'mary', password)).answer).toBe('mary');
    expect(other.loginLimits.countBlocked()).toBe(1);
    expect(other.loginLimits.refusals).toBe(1);
    await other.close();
  });

  test('two processes at the same time add up', async () => {
    const [one, other] = [openAnother(), openAnother()];
    for (let i = 0; i < 5; i++) {
      await logIn(one, '192.0.2.130', 'nobody', `a ${i}`);
      await logIn(other, '192.0.2.130', 'nobody', `b ${i}`);
    }
    await Promise.all([one.close(), other.close()]);
    const [row] = await server.sql<{ minutes: number }[]>`
      select extract(epoch from empty_at - now())::float8 / 60 as minutes from login_failures where scope = '192.0.2.130/32'`;
    expect(row?.minutes).toBeGreaterThan(88);
    expect(row?.minutes).toBeLessThanOrEqual(90);
    const third = openAnother();
    expect((await logIn(third, '192.0.2.130', 'mary', password)).answer).toEqual(refused);
    await third.close();
  });

  test('failures that were cleared let everybody try again, on a process that knew of them; others stay', async () => {
    const [one, other] = [openAnother(), openAnother()];
    await fillUp(one, times(20, '198.51.100.130'));
    await fillUp(one, times(20, '198.51.100.131'));
    await fillUp(one, times(20, '2001:db8:1:2::3'));
    await one.close();
    expect((await logIn(other, '198.51.100.131', 'mary', password)).answer).toEqual(refused);
    const limited = await other.listLimitedNetworks();
    expect(limited).toContainEqual({ network: '198.51.100.131/32', failures: 10, refusedUntil: expect.any(Date) });
    expect(limited.map(({ network }) => network)).toContain('2001:db8:1:2::/64');

    const third = openAnother();
    expect(await third.clearLoginFailures('198.51.100.131')).toEqual([
      '198.51.100.128/26',
      '198.51.100.131/32',
      '198.51.96.0/21',
    ]);
    await third.close();
    await vi.waitUntil(async () => (await logIn(other, '198.51.100.131', 'mary', password)).answer === 'mary', 5_000);
    expect((await logIn(other, '198.51.100.130', 'mary', password)).answer).toEqual(refused);
    expect(await other.clearLoginFailures('2001:db8::/32')).toContain('2001:db8:1:2::/64');
    expect(await other.clearLoginFailures('2001:db8::/32')).toEqual([]);
    await expect(other.clearLoginFailures('home')).rejects.toMatchObject({ kind: 'invalid-network' });
    await other.clearLoginFailures(null);
    expect(await other.listLimitedNetworks()).toEqual([]);
    await other.close();
  });

  test('an owner is not shut out by strangers where the account has been used before', async () => {
    const directory = openAnother();
    expect((await logIn(directory, '198.51.100.7', 'john', password)).answer).toBe('john');
    await directory.close();
    const another = openAnother();
    await fillUp(another, times(20, '198.51.100.7'), 'john');
    for (let i = 0; i < 3; i++) {
      expect((await logIn(another, '198.51.100.7', 'john', password)).answer).toBe('john');
      expect((await logIn(another, '198.51.100.7', 'john@example.com', password)).answer).toBe('john');
    }
    expect((await logIn(another, '198.51.100.7', 'mary', password)).answer).toEqual(refused);
    // Elsewhere in the network that strangers fill up, john is not known.
    for (let i = 0; i < 5; i++) await logIn(another, '198.51.100.7', 'john', `wrong ${i}`);
    expect((await logIn(another, '198.51.100.7', 'john', password)).answer).toEqual(refused);
    await another.close();
  });

  test('hardening 18: an account that is used from there, one that is not, and nobody hear the same, after the same time', async () => {
    const directory = openAnother();
    await logIn(directory, '198.51.101.7', 'john', password);
    await directory.close();
    const another = openAnother();
    await fillUp(another, times(20, '198.51.101.7'));
    const heard = [];
    for (const login of ['john', 'mary', 'nobody', 'not a name']) {
      const startedAt = performance.now();
      const { answer, delayMs } = await logIn(another, '198.51.101.7', login, 'wrong');
      heard.push(answer);
      expect(delayMs + performance.now() - startedAt).toBeGreaterThan(2_990);
    }
    expect(heard).toEqual(times(4, 'Too many failed logins from 198.51.101.7/32: try again in 9 minutes'));
    await another.close();
  });

  test('hardening 18: SCRAM goes its way to the same end: salt and count are as ever, and no proof fits', async () => {
    const directory = openAnother();
    const ask = async (login: string) => {
      const attempt = directory.beginLogin(from('198.51.102.7'), 'SCRAM-SHA-256');
      return { attempt, credentials: await attempt.findScramCredentials(login, 'sha256') };
    };
    const before = await ask('mary');
    expect(before.credentials.candidates).toHaveLength(1);
    await fillUp(directory, times(20, '198.51.102.7'));
    const { attempt, credentials } = await ask('mary');
    expect(credentials).toEqual({ ...before.credentials, candidates: [] });
    expect(attempt.refusal).toBe(null);
    attempt.settle('credentials');
    expect(attempt.refusal?.message).toEqual(refused);
    const shared = await directory.beginLogin(from('198.51.102.7'), 'CRAM-MD5').findSharedSecrets('mary');
    expect(shared).toEqual([{ secret: expect.any(String), identity: null }]);
    await directory.close();
  });
});

test('a login that was not refused for its password does not count', async () => {
  const directory = openAnother();
  for (const outcome of ['malformed', 'cancelled', 'unavailable', 'authorization', 'channel-binding'] as const) {
    for (let i = 0; i < 20; i++) {
      const attempt = directory.beginLogin(from('192.0.2.70'), 'PLAIN');
      expect(attempt.settle(outcome)).toBe(0);
      expect(attempt.refusal).toBe(null);
    }
  }
  expect((await logIn(directory, '192.0.2.70', 'mary', password)).answer).toBe('mary');
  await directory.close();
});

test('tokens and keys that are over shut out nobody, however often a program comes back with them', async () => {
  const directory = openAnother();
  for (let i = 0; i < 20; i++) {
    const byToken = directory.beginLogin(from('192.0.2.201'), 'OAUTHBEARER');
    expect(await byToken.verifyBearerToken('expired', 'mary')).toMatchObject({ type: 'refused' });
    expect(byToken.settle('credentials')).toBe(0);
    const byKey = directory.beginLogin(from('192.0.2.201'), 'EXTERNAL');
    expect(await byKey.findExternalIdentity()).toBe(null);
    expect(byKey.settle('credentials')).toBe(0);
  }
  expect(await logIn(directory, '192.0.2.201', 'mary', password)).toEqual({ answer: 'mary', delayMs: 0 });
  await directory.close();
});

test('without a database a login is unavailable, and nothing else fails', async () => {
  const warnings: string[] = [];
  const database = openDatabase(
    { url: 'postgres://postel@127.0.0.1:1/none' },
    { applicationName: 'nowhere', maxConnections: 1 },
  );
  const directory = openDirectory(database, { onWarning: (message) => warnings.push(message) });
  const attempt = directory.beginLogin(BY_IMAP, 'PLAIN');
  await expect(attempt.verifyPassword('mary', password)).rejects.toMatchObject({ kind: 'unavailable' });
  attempt.settle('unavailable');
  await directory.close();
  expect(warnings).toEqual(['logins are not counted or written down']);
  await database.close();
});
