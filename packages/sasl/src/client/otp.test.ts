import { expect, test } from 'vitest';
import { CLEAR } from './connections-for-tests.ts';
import { type OtpChallenge, oneTimePassword } from './one-time-password.ts';
import { otp } from './otp.ts';

const fromPassphrase = async (challenge: OtpChallenge) => oneTimePassword(challenge, 'This is a test.');

async function answer(challenge: string, passwordFor: (challenge: OtpChallenge) => Promise<string> = fromPassphrase) {
  const credentials = { authenticationIdentity: 'tim', authorizationIdentity: 'Ursel', otp: passwordFor };
  const exchange = otp.start({ credentials, connection: CLEAR, offered: new Set() });
  expect((await exchange?.initialResponse())?.toString()).toBe('Ursel\0tim');
  expect(() => exchange?.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  const response = await exchange?.respond(Buffer.from(challenge));
  exchange?.succeeded();
  return response?.toString();
}

test.each([
  ['otp-md5 99 TeSt ext', 'hex:50fe1962c4965880'],
  ['otp-sha1 99 test ext', 'hex:87fec7768b73ccf9'],
  [' otp-md5\t99  test  ext,sasl\r\n', 'hex:50fe1962c4965880'],
])('%j is answered with the password of its sequence number and seed', async (challenge, response) => {
  expect(await answer(challenge)).toBe(response);
});

test.each([
  ['50FE 1962 C496 5880', 'hex:50fe1962c4965880'],
  ['bail tuft bits gang chef thy\n', 'word:BAIL TUFT BITS GANG CHEF THY'],
])('a password from a list, %j, is sent in the form it has', async (password, response) => {
  expect(await answer('otp-md5 99 test ext', async () => password)).toBe(response);
});

test.each(['', 'bail tuft bits gang chef', 'bail tuft bits gang chef thy x', 'secret', '50fe1962c496588'])(
  '%j is no one-time password, and never leaves',
  async (password) => {
    await expect(answer('otp-md5 99 test ext', async () => password)).rejects.toMatchObject({ kind: 'credentials' });
  },
);

test.each([
  ['nothing', ''],
  ['no extension', 'otp-md5 99 test'],
  ['an unknown algorithm', 'otp-md4 99 test ext'],
  ['a sequence number of work without end', 'otp-md5 99999999 test ext'],
  ['a negative sequence number', 'otp-md5 -1 test ext'],
  ['no seed', 'otp-md5 99 ext'],
  ['a seed of 17 letters', 'otp-md5 99 abcdefghijklmnopq ext'],
  ['a seed with other characters', 'otp-md5 99 te-st ext'],
  ['more than a line', `otp-md5 99 test ext${' '.repeat(1_000)}`],
])('hardening 23: a challenge is refused: %s', async (_, challenge) => {
  await expect(answer(challenge)).rejects.toMatchObject({ kind: 'malformed' });
});
