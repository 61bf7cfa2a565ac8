import { expect, test } from 'vitest';
import { VerifiedLogins } from './verified-logins.ts';

function remember({ maxEntries = 10, lifetimeMs = 1_000 } = {}) {
  let time = 0;
  const logins = new VerifiedLogins({ maxEntries, lifetimeMs, now: () => time });
  return { logins, pass: (ms: number) => (time += ms) };
}

const SALT = Buffer.from('salt');
const KEY = Buffer.from('stored key');

test('a login is remembered for its lifetime, however often it is used', () => {
  const { logins, pass } = remember({ lifetimeMs: 1_000 });
  const login = logins.fingerprint(SALT, 'tanstaaf');
  expect(logins.storedKeyOf(login)).toBeNull();
  logins.add(login, KEY);
  pass(999);
  expect(logins.storedKeyOf(login)).toEqual(KEY);
  pass(1);
  expect(logins.storedKeyOf(login)).toBeNull();
  expect(logins.size).toBe(0);
});

test('of too many logins the least recently used is forgotten', () => {
  const { logins } = remember({ maxEntries: 2 });
  const [one, two, three] = ['1', '2', '3'].map((password) => logins.fingerprint(SALT, password)) as [
    string,
    string,
    string,
  ];
  logins.add(one, KEY);
  logins.add(two, KEY);
  logins.storedKeyOf(one);
  logins.add(three, KEY);
  expect([one, two, three].map((login) => logins.storedKeyOf(login))).toEqual([KEY, null, KEY]);
});

test('another salt, password or process makes another fingerprint', () => {
  const { logins } = remember();
  const fingerprints = [
    logins.fingerprint(SALT, 'tanstaaf'),
    logins.fingerprint(Buffer.from('other'), 'tanstaaf'),
    logins.fingerprint(SALT, 'other'),
    remember().logins.fingerprint(SALT, 'tanstaaf'),
  ];
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
  expect(fingerprints.join()).not.toContain('tanstaaf');
});
