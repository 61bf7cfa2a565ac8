import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import type { BearerRefusal } from './server-mechanism.ts';
import { xoauth2 } from './xoauth2.ts';

const TOKEN = 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg';
const SCOPE = 'https://mail.example.com/';

function start(status: BearerRefusal['status'] = 'invalid_token', scope: string | null = SCOPE) {
  const refusal = { status, scope, openidConfiguration: 'https://example.com/.well-known/openid-configuration' };
  const owners = { 'someuser@example.com': 'someuser' };
  const accounts = accountsOf({ someuser: 'x', other: 'y' }, owners, { tokens: { [TOKEN]: 'someuser' }, refusal });
  return { exchange: xoauth2.start(accounts, TLS), accounts };
}

const failure = (reason: string) => ({ type: 'failure', reason });

test('someuser logs in, after an empty challenge', async () => {
  const { exchange } = start();
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  const response = Buffer.from(`user=someuser@example.com\x01auth=Bearer ${TOKEN}\x01\x01`);
  expect(await exchange.next(response)).toEqual({ type: 'success', identity: 'someuser' });
});

test.each([
  ['invalid_token', SCOPE, '{"status":"400","schemes":"bearer","scope":"https://mail.example.com/"}'],
  ['insufficient_scope', SCOPE, '{"status":"401","schemes":"bearer","scope":"https://mail.example.com/"}'],
  ['invalid_request', null, '{"status":"401","schemes":"bearer"}'],
] as const)('%s is told in JSON, and has failed whatever comes then', async (status, scope, json) => {
  for (const dummy of ['', '\x01', `user=someuser\x01auth=Bearer ${TOKEN}\x01\x01`]) {
    const { exchange } = start(status, scope);
    const step = await exchange.next(Buffer.from('user=someuser\x01auth=Bearer wrong\x01\x01'));
    expect(step).toEqual({ type: 'challenge', challenge: Buffer.from(json) });
    expect(await exchange.next(Buffer.from(dummy))).toEqual(failure('credentials'));
    expect(await exchange.next(Buffer.alloc(0))).toEqual(failure('malformed'));
  }
});

test.each(['other', 'nobody'])('a token of somebody else is refused: %s', async (user) => {
  const { exchange } = start();
  const step = await exchange.next(Buffer.from(`user=${user}\x01auth=Bearer ${TOKEN}\x01\x01`));
  expect(step.type).toBe('challenge');
});

test('hardening 24: whom a token lets in still may not act as somebody else', async () => {
  const verifyBearerToken = async () => ({ type: 'accepted', identity: 'someuser' }) as const;
  const exchange = xoauth2.start({ ...start().accounts, verifyBearerToken }, TLS);
  const step = await exchange.next(Buffer.from('user=other\x01auth=Bearer abc\x01\x01'));
  expect(step).toEqual(failure('authorization'));
});

test.each([
  ['nothing', ''],
  ['separators alone', '\x01\x01'],
  ['a GS2 header', `n,,\x01user=someuser\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['no user', `auth=Bearer ${TOKEN}\x01\x01`],
  ['an empty user', `user=\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['two users', `user=someuser\x01user=other\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['a NUL in the user', `user=some\0user\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['a line feed in the user', `user=someuser\n\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['a user that is not UTF-8', Buffer.from(`user=som\xe9\x01auth=Bearer ${TOKEN}\x01\x01`, 'latin1')],
  ['a user of 256 octets', `user=${'a'.repeat(256)}\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['no token', 'user=someuser\x01\x01'],
  ['an empty auth', 'user=someuser\x01auth=\x01\x01'],
  ['an empty token', 'user=someuser\x01auth=Bearer \x01\x01'],
  ['another scheme', `user=someuser\x01auth=Basic ${TOKEN}\x01\x01`],
  ['one separator at the end', `user=someuser\x01auth=Bearer ${TOKEN}\x01`],
])('hardening 19: %s is malformed, and no token is checked', async (_, message) => {
  const { exchange, accounts } = start();
  expect(await exchange.next(Buffer.from(message))).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test('hardening 19: cut at every octet it is malformed', async () => {
  const right = Buffer.from(`user=someuser@example.com\x01auth=Bearer ${TOKEN}\x01\x01`);
  for (let length = 0; length < right.length; length++) {
    expect(await start().exchange.next(right.subarray(0, length))).toEqual(failure('malformed'));
  }
});
