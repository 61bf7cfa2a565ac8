import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { plain } from './plain.ts';

function start() {
  const accounts = accountsOf({ tim: 'tanstaaftanstaaf', Kurt: 'xipj3plmq' }, { 'tim@example.com': 'tim' });
  return { exchange: plain.start(accounts, TLS), accounts };
}

async function answer(message: string | Buffer) {
  const { exchange, accounts } = start();
  return { step: await exchange.next(Buffer.from(message)), checks: accounts.checks };
}

test('RFC 4616 §4: tim logs in after an empty challenge', async () => {
  const { exchange } = start();
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  expect(await exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'))).toEqual({ type: 'success', identity: 'tim' });
});

test('RFC 4616 §4: Kurt may not act as Ursel', async () => {
  const { step } = await answer('Ursel\0Kurt\0xipj3plmq');
  expect(step).toEqual({ type: 'failure', reason: 'authorization' });
});

test('an authorization identity may be another address of the same account', async () => {
  const { step } = await answer('tim@example.com\0tim\0tanstaaftanstaaf');
  expect(step).toEqual({ type: 'success', identity: 'tim' });
});

test('hardening 24: a wrong password says nothing of the authorization identity', async () => {
  for (const authorizationIdentity of ['', 'tim', 'Ursel']) {
    const { step } = await answer(`${authorizationIdentity}\0Kurt\0wrong`);
    expect(step).toEqual({ type: 'failure', reason: 'credentials' });
  }
});

test('hardening 18: an unknown user and a wrong password look the same', async () => {
  const { step: unknown } = await answer('\0nobody\0tanstaaftanstaaf');
  const { step: wrong } = await answer('\0tim\0wrong');
  expect(unknown).toEqual(wrong);
});

test.each([
  ['nothing', ''],
  ['one part', 'tim'],
  ['two parts', 'tim\0tanstaaftanstaaf'],
  ['four parts', '\0tim\0tanstaaftanstaaf\0'],
  ['an empty user', '\0\0tanstaaftanstaaf'],
  ['an empty password', '\0tim\0'],
  ['a user that is not UTF-8', Buffer.from('\0t\xefm\0tanstaaftanstaaf', 'latin1')],
  ['a password that is not UTF-8', Buffer.from('\0tim\0tanst\xe4\xe4f', 'latin1')],
  ['a line feed in the user', '\0tim\n\0tanstaaftanstaaf'],
  ['a line feed in the authorization identity', 'tim\n\0tim\0tanstaaftanstaaf'],
  ['a user of 256 octets', `\0${'a'.repeat(256)}\0tanstaaftanstaaf`],
  ['a password of 1,025 octets', `\0tim\0${'a'.repeat(1_025)}`],
])('hardening 14: %s is malformed, and no password is checked', async (_, message) => {
  const { step, checks } = await answer(message);
  expect(step).toEqual({ type: 'failure', reason: 'malformed' });
  expect(checks).toEqual([]);
});

test('hardening 19: a response of 1 MB is malformed, and other logins go on', async () => {
  const other = start();
  await other.exchange.next(null);
  const { step } = await answer(Buffer.alloc(1_000_000, 'a'));
  expect(step).toEqual({ type: 'failure', reason: 'malformed' });
  expect(await other.exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'))).toMatchObject({ type: 'success' });
});

test('hardening 19: a response after the outcome is malformed, and no password is checked', async () => {
  const { exchange, accounts } = start();
  await exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'));
  expect(await exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'))).toEqual({ type: 'failure', reason: 'malformed' });
  expect(accounts.checks).toEqual(['tim']);
});

test('hardening 19: a response that does not wait for the outcome is malformed', async () => {
  const { exchange, accounts } = start();
  const first = exchange.next(Buffer.from('\0tim\0wrong'));
  const second = exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'));
  expect(await first).toEqual({ type: 'failure', reason: 'credentials' });
  expect(await second).toEqual({ type: 'failure', reason: 'malformed' });
  expect(accounts.checks).toEqual(['tim']);
});

test.each(['%', '*', 't*', ')(uid=*', '"tim"', "tim'--", 'tim\u200b', 'TIM', 't\u0131m', 'ｔｉｍ'])(
  'hardening 24: the user %j is given to the verifier letter by letter',
  async (user) => {
    const { checks } = await answer(`\0${user}\0tanstaaftanstaaf`);
    expect(checks).toEqual([user]);
  },
);

test('an error of the verifier comes through, and ends the exchange', async () => {
  const accounts = accountsOf({}, {});
  const exchange = plain.start({ ...accounts, verifyPassword: () => Promise.reject(new Error('no database')) }, TLS);
  await expect(exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'))).rejects.toThrow('no database');
  expect(await exchange.next(Buffer.from('\0tim\0tanstaaftanstaaf'))).toEqual({ type: 'failure', reason: 'malformed' });
});
