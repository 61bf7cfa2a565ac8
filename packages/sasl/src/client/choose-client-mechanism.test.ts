import { expect, test } from 'vitest';
import { chooseClientMechanism } from './choose-client-mechanism.ts';
import type { ClientConnection, ClientCredentials } from './client-mechanism.ts';
import { BOUND, CLEAR, TLS } from './connections-for-tests.ts';

const PASSWORD: ClientCredentials = { authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' };
const EVERYTHING: ClientCredentials = {
  ...PASSWORD,
  bearerToken: 'token',
  anonymousTrace: '',
  otp: async () => '50fe1962c4965880',
  securId: { passcode: async () => '111111', pin: async () => '4711' },
  gss: () => Promise.reject(new Error('no Kerberos here')),
};
const STRENGTH = [
  'EXTERNAL',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'GSSAPI',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'OTP',
  'OAUTHBEARER',
  'XOAUTH2',
  'DIGEST-MD5',
  'CRAM-MD5',
  'SECURID',
  'PLAIN',
  'LOGIN',
  'ANONYMOUS',
];

test('the strongest that the server offers is taken, whatever their order', () => {
  const connection = { ...BOUND, hasClientCertificate: true };
  for (let weakest = STRENGTH.length; weakest > 0; weakest -= 1) {
    const offered = STRENGTH.slice(STRENGTH.length - weakest).reverse();
    expect(chooseClientMechanism(offered, EVERYTHING, connection).name).toBe(STRENGTH[STRENGTH.length - weakest]);
  }
});

test('names are compared in any case, and what is no name is passed over', () => {
  expect(chooseClientMechanism(['', 'scram-sha-256 ', 'plain'], PASSWORD, TLS).name).toBe('PLAIN');
});

test.each<[string, ClientCredentials, ClientConnection, string]>([
  ['a password', PASSWORD, TLS, 'SCRAM-SHA-256'],
  ['a password to bind to TLS', PASSWORD, BOUND, 'SCRAM-SHA-256-PLUS'],
  ['a token', { bearerToken: 'token' }, TLS, 'OAUTHBEARER'],
  ['a client certificate', {}, { ...TLS, hasClientCertificate: true }, 'EXTERNAL'],
  ['a name to be anonymous by', { anonymousTrace: 'tim@example.com' }, CLEAR, 'ANONYMOUS'],
])('%s decides', (_, credentials, connection, name) => {
  expect(chooseClientMechanism(STRENGTH, credentials, connection).name).toBe(name);
});

test.each(['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2', 'SECURID'])(
  'hardening 6: %s is not begun without TLS that can be trusted',
  (name) => {
    expect(chooseClientMechanism([name], EVERYTHING, TLS).name).toBe(name);
    expect(() => chooseClientMechanism([name], EVERYTHING, CLEAR)).toThrow(
      expect.objectContaining({ kind: 'no-mechanism', message: expect.stringContaining(name) }),
    );
  },
);

test('without TLS a mechanism that hides the password is taken instead', () => {
  expect(chooseClientMechanism(['PLAIN', 'CRAM-MD5', 'LOGIN'], PASSWORD, CLEAR).name).toBe('CRAM-MD5');
});

test('only what is allowed is taken', () => {
  const onlyPlain = (name: string) => name === 'PLAIN';
  expect(chooseClientMechanism(STRENGTH, EVERYTHING, TLS, onlyPlain).name).toBe('PLAIN');
  expect(() => chooseClientMechanism(['LOGIN'], EVERYTHING, TLS, onlyPlain)).toThrow(/offers LOGIN/);
});

test('an authorization identity passes over the mechanisms that cannot say it', () => {
  const credentials = { ...PASSWORD, authorizationIdentity: 'Ursel' };
  expect(chooseClientMechanism(['CRAM-MD5', 'LOGIN', 'PLAIN'], credentials, TLS).name).toBe('PLAIN');
});

test.each([
  [[], /no way to log in/],
  [['OAUTHBEARER', 'KERBEROS_V4'], /offers OAUTHBEARER, KERBEROS_V4, none of which/],
])('who is offered %j hears what is missing', (offered, message) => {
  expect(() => chooseClientMechanism(offered, PASSWORD, TLS)).toThrow(message);
});
