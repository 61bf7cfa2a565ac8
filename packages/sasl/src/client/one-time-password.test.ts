import { expect, test } from 'vitest';
import { oneTimePassword } from './one-time-password.ts';

/** RFC 2289 appendix C. */
test.each([
  ['md5', 'This is a test.', 'test', 0, '9e876134d90499dd'],
  ['md5', 'This is a test.', 'test', 1, '7965e05436f5029f'],
  ['md5', 'This is a test.', 'test', 99, '50fe1962c4965880'],
  ['md5', 'AbCdEfGhIjK', 'alpha1', 0, '87066dd9644bf206'],
  ['md5', 'AbCdEfGhIjK', 'alpha1', 1, '7cd34c1040add14b'],
  ['md5', 'AbCdEfGhIjK', 'alpha1', 99, '5aa37a81f212146c'],
  ['md5', "OTP's are good", 'correct', 0, 'f205753943de4cf9'],
  ['md5', "OTP's are good", 'correct', 1, 'ddcdac956f234937'],
  ['md5', "OTP's are good", 'correct', 99, 'b203e28fa525be47'],
  ['sha1', 'This is a test.', 'test', 0, 'bb9e6ae1979d8ff4'],
  ['sha1', 'This is a test.', 'test', 1, '63d936639734385b'],
  ['sha1', 'This is a test.', 'test', 99, '87fec7768b73ccf9'],
  ['sha1', 'AbCdEfGhIjK', 'alpha1', 0, 'ad85f658ebe383c9'],
  ['sha1', 'AbCdEfGhIjK', 'alpha1', 1, 'd07ce229b5cf119b'],
  ['sha1', 'AbCdEfGhIjK', 'alpha1', 99, '27bc71035aaf3dc6'],
  ['sha1', "OTP's are good", 'correct', 0, 'd51f3e99bf8e6f0b'],
  ['sha1', "OTP's are good", 'correct', 1, '82aeb52d943774e4'],
  ['sha1', "OTP's are good", 'correct', 99, '4f296a74fe1567ec'],
] as const)('otp-%s of %j with seed %s, %i times', (algorithm, passphrase, seed, sequence, password) => {
  expect(oneTimePassword({ algorithm, sequence, seed }, passphrase)).toBe(password);
});
