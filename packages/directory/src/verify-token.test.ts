import { afterAll, beforeAll, expect, test } from 'vitest';
import { BY_IMAP, startDirectory } from './directory-for-tests.ts';
import type { TokenRefusal } from './verify-token.ts';

const refusal = { status: 'invalid_token', scope: 'mail', openidConfiguration: 'https://id.example.com/x' } as const;
const expiresAt = new Date(1_800_000_000_000);
const refusals: TokenRefusal[] = [];

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory({
    /** Every token is right, and has the address that it is. */
    tokenValidator: {
      async validate(token) {
        if (token === 'wrong') return { type: 'refused', fault: 'signature', refusal };
        const issuer = 'https://id.example.com';
        return { type: 'accepted', address: token, issuer, subject: null, expiresAt, refusal };
      },
    },
    onTokenRefused: ({ fault, address }) => refusals.push({ fault, address }),
  });
  const { directory } = server;
  const password = 'tanstaaftanstaaf';
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password });
  await directory.addAddress('mary', 'jürgen@example.com');
  await directory.addAccount({ name: 'other', address: 'other@example.com', password });
  await directory.addAccount({ name: 'disabled', address: 'disabled@example.com', password });
  await server.sql`update accounts set is_disabled = true where name = 'disabled'`;
  await directory.setCatchall('example.com', 'mary');
});
afterAll(() => server[Symbol.asyncDispose]());

function verify(token: string, user: string, context = BY_IMAP) {
  return server.directory.beginLogin(context, 'OAUTHBEARER').verifyBearerToken(token, user);
}

test.each([
  ['mary@example.com', '', 'mary@example.com'],
  ['Mary@EXAMPLE.com', '', 'mary@example.com'],
  ['mary@example.com', 'mary', 'mary@example.com'],
  ['mary@example.com', 'MARY@example.com', 'mary@example.com'],
  ['mary@example.com', 'jürgen@example.com', 'jürgen@example.com'],
])('a token for %s logs its owner in as %j', async (token, user, loginAddress) => {
  expect(await verify(token, user)).toEqual({
    type: 'accepted',
    identity: {
      accountId: expect.any(Number),
      name: 'mary',
      loginAddress,
      credential: { type: 'token', issuer: 'https://id.example.com' },
      expiresAt,
    },
  });
});

test.each([
  ['wrong', '', 'signature', null],
  ['nobody@example.com', '', 'no account has the address', 'nobody@example.com'],
  ['mary+detail@example.com', '', 'no account has the address', 'mary+detail@example.com'],
  ['mary@example.org', '', 'no account has the address', 'mary@example.org'],
  ['mary', '', 'no account has the address', 'mary'],
  ['mary@example.com\0', '', 'no account has the address', 'mary@example.com\0'],
  ["' or ''='@example.com", '', 'no account has the address', "' or ''='@example.com"],
  ['disabled@example.com', '', 'no account has the address', 'disabled@example.com'],
  ['mary@example.com', 'other', 'of another account', 'mary@example.com'],
  ['mary@example.com', 'other@example.com', 'of another account', 'mary@example.com'],
  ['mary@example.com', 'disabled', 'of another account', 'mary@example.com'],
  ['mary@example.com', 'nobody', 'of another account', 'mary@example.com'],
  ['mary@example.com', 'mary\0', 'of another account', 'mary@example.com'],
])('hardening 24: a token for %s does not log in as %j: %s', async (token, user, fault, address) => {
  refusals.length = 0;
  expect(await verify(token, user)).toEqual({ type: 'refused', refusal });
  expect(refusals).toEqual([{ fault, address }]);
});

test('a token is of no use on a connection that has shown the key of another account', async () => {
  const other = await verify('other@example.com', '');
  if (other.type !== 'accepted') throw new Error('it was refused');
  const { accountId, name: accountName } = other.identity;
  const clientKey = {
    fingerprint: 'x',
    accountId,
    accountName,
    name: 'laptop',
    loginAddress: null,
    isImapPreauth: true,
  };
  const context = { ...BY_IMAP, clientKey };
  expect((await verify('other@example.com', '', context)).type).toBe('accepted');
  expect(await verify('mary@example.com', '', context)).toEqual({ type: 'refused', refusal });
});

test('an issuer that is away makes the directory unavailable', async () => {
  const error = Object.assign(new Error('Cannot get https://id.example.com'), { name: 'ProviderError' as const });
  const tokenValidator = { validate: async () => ({ type: 'unavailable', error }) as const };
  await using away = await startDirectory({ tokenValidator });
  const attempt = away.directory.beginLogin(BY_IMAP, 'OAUTHBEARER');
  await expect(attempt.verifyBearerToken('x', '')).rejects.toMatchObject({ kind: 'unavailable', cause: error });
});

test('mechanisms that take a token are offered where there is somebody to check it', async () => {
  await using without = await startDirectory();
  for (const mechanism of ['OAUTHBEARER', 'XOAUTH2']) {
    expect(without.directory.mechanismsFor(BY_IMAP)(mechanism)).toBe(false);
    expect(server.directory.mechanismsFor(BY_IMAP)(mechanism)).toBe(true);
  }
  const attempt = without.directory.beginLogin(BY_IMAP, 'OAUTHBEARER');
  expect(await attempt.verifyBearerToken('mary@example.com', '')).toEqual({
    type: 'refused',
    refusal: { status: 'invalid_token', scope: null, openidConfiguration: null },
  });
});
