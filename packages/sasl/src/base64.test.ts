import { expect, test } from 'vitest';
import { decodeBase64, MAX_ENCODED_RESPONSE_OCTETS } from './base64.ts';

test.each([
  ['', ''],
  ['Zg==', 'f'],
  ['Zm8=', 'fo'],
  ['Zm9v', 'foo'],
  ['+/+/', Buffer.from([0xfb, 0xff, 0xbf]).toString('latin1')],
])('%j is the base64 of %j', (text, octets) => {
  expect(decodeBase64(text)?.toString('latin1')).toBe(octets);
});

test.each([
  ['no padding', 'Zg'],
  ['too much padding', 'Zg==='],
  ['padding alone', '='],
  ['padding in the middle', 'Zg==Zg=='],
  ['stray bits in the last digit', 'Zh=='],
  ['the URL alphabet', '-_-_'],
  ['a space', 'Zm9v Zm9v'],
  ['a line break', 'Zm9v\r\n'],
  ['a cancel', '*'],
  ['a NUL', 'Zm9v\0'],
  ['letters outside ASCII', 'Zm9ö'],
])('hardening 19: %s is not base64', (_, text) => {
  expect(decodeBase64(text)).toBeNull();
});

test('hardening 19: a response may have 12,288 octets of base64 and no more', () => {
  expect(decodeBase64('A'.repeat(MAX_ENCODED_RESPONSE_OCTETS))?.length).toBe(9_216);
  expect(decodeBase64('A'.repeat(MAX_ENCODED_RESPONSE_OCTETS + 4))).toBeNull();
});
