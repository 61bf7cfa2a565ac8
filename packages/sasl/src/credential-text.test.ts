import { expect, test } from 'vitest';
import { parseIdentity, parsePassword } from './credential-text.ts';

const LONE_SURROGATE = Buffer.from([0xed, 0xa0, 0x80]);
const OVERLONG_SLASH = Buffer.from([0xc0, 0xaf]);

test.each(['tim', 'tim@example.com', 'Jürgen', '%', '*', ')(uid=*', "'; drop table accounts; --", '\u{1f600}'])(
  'the identity %j is taken as it is',
  (text) => {
    expect(parseIdentity(Buffer.from(text))).toBe(text);
  },
);

test.each([
  ['empty', Buffer.alloc(0)],
  ['NUL', Buffer.from('t\0m')],
  ['line feed', Buffer.from('tim\nroot')],
  ['escape', Buffer.from('\x1b[2J')],
  ['delete', Buffer.from('\x7f')],
  ['C1 control', Buffer.from('\u0085')],
  ['line separator', Buffer.from('tim\u2028root')],
  ['ISO 8859-1', Buffer.from('Jürgen', 'latin1')],
  ['over-long UTF-8', OVERLONG_SLASH],
  ['surrogate', LONE_SURROGATE],
  ['256 octets', Buffer.alloc(256, 'a')],
])('hardening 14: an identity is refused: %s', (_, octets) => {
  expect(parseIdentity(octets)).toBeNull();
});

test('an identity may have 255 octets', () => {
  expect(parseIdentity(Buffer.alloc(255, 'a'))).toBe('a'.repeat(255));
});

test('a password may have 1 to 1,024 octets of UTF-8 without NUL', () => {
  expect(parsePassword(Buffer.from('π ≈ 3'))).toBe('π ≈ 3');
  expect(parsePassword(Buffer.alloc(1_024, 'a'))).toBe('a'.repeat(1_024));
  expect(parsePassword(Buffer.alloc(1_025, 'a'))).toBeNull();
  expect(parsePassword(Buffer.alloc(0))).toBeNull();
  expect(parsePassword(Buffer.from('a\0b'))).toBeNull();
  expect(parsePassword(LONE_SURROGATE)).toBeNull();
});
