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
  const login = logins.fingerprint(SALT, KEY, 'tanstaaf');
  expect(logins.has(login)).toBe(false);
  logins.add(login);
  pass(999);
  expect(logins.has(login)).toBe(true);
  pass(1);
  expect(logins.has(login)).toBe(false);
  expect(logins.size).toBe(0);
});

test('of too many logins the least recently used is forgotten', () => {
  const { logins } = remember({ maxEntries: 2 });
  const [one, two, three] = ['1', '2', '3'].map((password) => logins.fingerprint(SALT, KEY, password)) as [
    string,
    string,
    string,
  ];
  logins.add(one);
  logins.add(two);
  logins.has(one);
  logins.add(three);
  expect([one, two, three].map((login) => logins.has(login))).toEqual([true, false, true]);
});

test('another salt, stored key, password or process makes another fingerprint', () => {
  const { logins } = remember();
  const fingerprints = [
    logins.fingerprint(SALT, KEY, 'tanstaaf'),
    logins.fingerprint(Buffer.from('other'), KEY, 'tanstaaf'),
    logins.fingerprint(SALT, Buffer.from('other'), 'tanstaaf'),
    logins.fingerprint(SALT, KEY, 'other'),
    remember().logins.fingerprint(SALT, KEY, 'tanstaaf'),
  ];
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
  expect(fingerprints.join()).not.toContain('tanstaaf');
});
