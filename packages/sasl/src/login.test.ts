import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { login } from './login.ts';

function start() {
  const accounts = accountsOf({ tim: 'tanstaaftanstaaf' }, {});
  return { exchange: login.start(accounts, TLS), accounts };
}

const challenge = (text: string) => ({ type: 'challenge', challenge: Buffer.from(text) });

test('LOGIN asks for the user name and then for the password', async () => {
  const { exchange } = start();
  expect(await exchange.next(null)).toEqual(challenge('Username:'));
  expect(await exchange.next(Buffer.from('tim'))).toEqual(challenge('Password:'));
  expect(await exchange.next(Buffer.from('tanstaaftanstaaf'))).toEqual({ type: 'success', identity: 'tim' });
});

test('LOGIN takes the user name as initial response', async () => {
  const { exchange } = start();
  expect(await exchange.next(Buffer.from('tim'))).toEqual(challenge('Password:'));
  expect(await exchange.next(Buffer.from('tanstaaftanstaaf'))).toEqual({ type: 'success', identity: 'tim' });
});

test('hardening 18: an unknown user is asked for a password like any other', async () => {
  const { exchange } = start();
  expect(await exchange.next(Buffer.from('nobody'))).toEqual(challenge('Password:'));
  expect(await exchange.next(Buffer.from('tanstaaftanstaaf'))).toEqual({ type: 'failure', reason: 'credentials' });
});

test.each([
  ['an empty user', [''], 0],
  ['a NUL in the user', ['t\0m'], 0],
  ['an empty password', ['tim', ''], 0],
  ['a NUL in the password', ['tim', 'a\0b'], 0],
  ['a third response', ['tim', 'tanstaaftanstaaf', 'tanstaaftanstaaf'], 1],
])('hardening 19: %s is malformed', async (_, responses, checks) => {
  const { exchange, accounts } = start();
  let step = await exchange.next(null);
  for (const response of responses) step = await exchange.next(Buffer.from(response));
  expect(step).toEqual({ type: 'failure', reason: 'malformed' });
  expect(accounts.checks).toHaveLength(checks);
});
