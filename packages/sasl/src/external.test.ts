import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { external } from './external.ts';

const CONNECTION = { ...TLS, hasExternalIdentity: true };

function startAs(owner: string | null) {
  const more = owner === null ? {} : { external: owner };
  const accounts = accountsOf({ fred: 'x', tim: 'y' }, { 'fred@example.com': 'fred' }, more);
  return { exchange: external.start(accounts, CONNECTION), accounts };
}

const failure = (reason: string) => ({ type: 'failure', reason });

test('RFC 4422 §A.2: fred logs in after an empty challenge', async () => {
  const { exchange } = startAs('fred');
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  expect(await exchange.next(Buffer.alloc(0))).toEqual({ type: 'success', identity: 'fred' });
});

test.each(['', 'fred', 'fred@example.com'])('fred logs in as %j', async (authorizationIdentity) => {
  const { exchange } = startAs('fred');
  expect(await exchange.next(Buffer.from(authorizationIdentity))).toEqual({ type: 'success', identity: 'fred' });
});

test.each(['tim', 'nobody', 'FRED', '*', 'fred@example.com '])(
  'hardening 21: fred does not act as %j',
  async (authorizationIdentity) => {
    const { exchange } = startAs('fred');
    expect(await exchange.next(Buffer.from(authorizationIdentity))).toEqual(failure('authorization'));
  },
);

test.each(['', 'fred'])('hardening 21: who has proven nothing is nobody, and not anonymous: %j', async (response) => {
  const { exchange, accounts } = startAs(null);
  expect(await exchange.next(Buffer.from(response))).toEqual(failure('credentials'));
  expect(accounts.calls).toEqual(['findExternalIdentity']);
});

test.each([
  ['a NUL', '\0'],
  ['a NUL within', 'fr\0ed'],
  ['a line feed', 'fred\n'],
  ['256 octets', 'a'.repeat(256)],
  ['octets that are not UTF-8', Buffer.from('fr\xe9d', 'latin1')],
])('hardening 19: %s is malformed, and nobody is asked for', async (_, response) => {
  const { exchange, accounts } = startAs('fred');
  expect(await exchange.next(Buffer.from(response))).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test('hardening 19: a response after the outcome is malformed', async () => {
  const { exchange } = startAs('fred');
  await exchange.next(Buffer.alloc(0));
  expect(await exchange.next(Buffer.alloc(0))).toEqual(failure('malformed'));
});
