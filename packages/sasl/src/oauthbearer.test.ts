import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { oauthBearer } from './oauthbearer.ts';
import type { BearerRefusal } from './server-mechanism.ts';

const TOKEN = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
const REFUSAL: BearerRefusal = {
  status: 'invalid_token',
  scope: 'example_scope',
  openidConfiguration: 'https://example.com/.well-known/openid-configuration',
};

function start(refusal = REFUSAL) {
  const accounts = accountsOf(
    { user: 'x', other: 'y' },
    { 'user@example.com': 'user', 'other@example.com': 'other' },
    { tokens: { [TOKEN]: 'user' }, refusal },
  );
  return { exchange: oauthBearer.start(accounts, TLS), accounts };
}

/** @param message `^A` for the separator, as the RFC writes it */
async function answer(message: string) {
  const { exchange, accounts } = start();
  return { step: await exchange.next(Buffer.from(message.replaceAll('^A', '\x01'))), accounts, exchange };
}

const failure = (reason: string) => ({ type: 'failure', reason });

test('RFC 7628 §4.1: user logs in, after an empty challenge', async () => {
  const { exchange } = start();
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  const response =
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI' +
    'HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB';
  expect(await exchange.next(Buffer.from(response, 'base64'))).toEqual({ type: 'success', identity: 'user' });
});

test('RFC 7628 §4.3: who has no token learns which it takes, and has failed', async () => {
  const request = 'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE=';
  const challenge =
    'eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24i' +
    'OiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=';
  const { exchange, accounts } = start();
  const step = await exchange.next(Buffer.from(request, 'base64'));
  expect(step).toEqual({ type: 'challenge', challenge: Buffer.from(challenge, 'base64') });
  expect(await exchange.next(Buffer.from('\x01'))).toEqual(failure('credentials'));
  expect(accounts.checks).toEqual(['user@example.com']);
});

test('what the verifier does not tell is not in the refusal', async () => {
  const { exchange } = start({ status: 'insufficient_scope', scope: null, openidConfiguration: null });
  const step = await exchange.next(Buffer.from('n,,\x01auth=Bearer wrong\x01\x01'));
  expect(step).toEqual({ type: 'challenge', challenge: Buffer.from('{"status":"insufficient_scope"}') });
});

test.each([
  ['no authorization identity', `n,,^Aauth=Bearer ${TOKEN}^A^A`],
  ['a client that could bind to a channel', `y,,^Aauth=Bearer ${TOKEN}^A^A`],
  ['a scheme in other letters', `n,,^Aauth=BeArEr  ${TOKEN}^A^A`],
  ['keys that we do not know', `n,,^Ahost=^Aport=0^Aqs=a=b\r\n^Aauth=Bearer ${TOKEN}^Ax=y^A^A`],
])('user logs in with %s', async (_, message) => {
  expect((await answer(message)).step).toEqual({ type: 'success', identity: 'user' });
});

test.each(['', '\x01', '*', `n,,\x01auth=Bearer ${TOKEN}\x01\x01`])(
  'a refused client has failed, whether it then says %j or anything else',
  async (dummy) => {
    const { step, exchange } = await answer('n,,^Aauth=Bearer wrong^A^A');
    expect(step.type).toBe('challenge');
    expect(await exchange.next(Buffer.from(dummy))).toEqual(failure('credentials'));
    expect(await exchange.next(Buffer.from('\x01'))).toEqual(failure('malformed'));
  },
);

test('a token of somebody else is refused', async () => {
  const { step, accounts } = await answer(`n,a=other@example.com,^Aauth=Bearer ${TOKEN}^A^A`);
  expect(step.type).toBe('challenge');
  expect(accounts.checks).toEqual(['other@example.com']);
});

test('hardening 24: whom a token lets in still may not act as somebody else', async () => {
  const { accounts } = start();
  const verifyBearerToken = async () => ({ type: 'accepted', identity: 'user' }) as const;
  const exchange = oauthBearer.start({ ...accounts, verifyBearerToken }, TLS);
  const step = await exchange.next(Buffer.from('n,a=other,\x01auth=Bearer abc\x01\x01'));
  expect(step).toEqual(failure('authorization'));
});

test.each([
  ['nothing', ''],
  ['a separator alone', '^A'],
  ['no GS2 header', `auth=Bearer ${TOKEN}^A^A`],
  ['the GS2 header of an older draft', `n,user=user@example.com,^Aauth=Bearer ${TOKEN}^A^A`],
  ['channel binding', `p=tls-exporter,,^Aauth=Bearer ${TOKEN}^A^A`],
  ['no pairs', 'n,,^A^A'],
  ['no separator before the pairs', `n,,auth=Bearer ${TOKEN}^A^A`],
  ['one separator at the end', `n,,^Aauth=Bearer ${TOKEN}^A`],
  ['three separators at the end', `n,,^Aauth=Bearer ${TOKEN}^A^A^A`],
  ['something after the end', `n,,^Aauth=Bearer ${TOKEN}^A^Ax`],
  ['an empty pair', `n,,^A^Aauth=Bearer ${TOKEN}^A^A`],
  ['no auth', 'n,,^Ahost=example.com^A^A'],
  ['auth in capitals', `n,,^AAUTH=Bearer ${TOKEN}^A^A`],
  ['auth twice', `n,,^Aauth=Bearer ${TOKEN}^Aauth=Bearer ${TOKEN}^A^A`],
  ['a key that is no word', `n,,^Aa-b=c^Aauth=Bearer ${TOKEN}^A^A`],
  ['a key without value', `n,,^Ahost^Aauth=Bearer ${TOKEN}^A^A`],
  ['a NUL in a value', `n,,^Ahost=\0^Aauth=Bearer ${TOKEN}^A^A`],
  ['another scheme', 'n,,^Aauth=OAuth realm="Example"^A^A'],
  ['a scheme alone', 'n,,^Aauth=Bearer^A^A'],
  ['an empty token', 'n,,^Aauth=Bearer ^A^A'],
  ['a space in the token', 'n,,^Aauth=Bearer a b^A^A'],
  ['an equals sign within the token', 'n,,^Aauth=Bearer a=b^A^A'],
  ['a letter in the token that is not US-ASCII', 'n,,^Aauth=Bearer \u00e9^A^A'],
  ['a line feed in the authorization identity', `n,a=user\n,^Aauth=Bearer ${TOKEN}^A^A`],
])('hardening 19: %s is malformed, and no token is checked', async (_, message) => {
  const { step, accounts } = await answer(message);
  expect(step).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test('hardening 19: cut at every octet, and with anything in place of an octet, the answer is a step', async () => {
  const right = Buffer.from(`n,a=user@example.com,\x01host=example.com\x01auth=Bearer ${TOKEN}\x01\x01`);
  for (let length = 0; length < right.length; length++) {
    expect(await start().exchange.next(right.subarray(0, length))).toEqual(failure('malformed'));
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(right.length - 1), fc.integer({ min: 0, max: 255 }), async (at, octet) => {
      const spoilt = Buffer.from(right);
      spoilt[at] = octet;
      const step = await start().exchange.next(spoilt);
      expect(['challenge', 'failure', 'success']).toContain(step.type);
      const isInToken = at >= right.indexOf(TOKEN) && octet !== right[at];
      if (isInToken) expect(step.type).not.toBe('success');
    }),
  );
});
