import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalDomain } from './domain-name.ts';

test.each([
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['localhost', 'localhost'],
  ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
  ['XN--MNCHEN-3YA.DE', 'xn--mnchen-3ya.de'],
  ['münchen.de', 'xn--mnchen-3ya.de'],
  ['MÜNCHEN.de', 'xn--mnchen-3ya.de'],
  ['mu\u0308nchen.de', 'xn--mnchen-3ya.de'],
  ['münchen。de', 'xn--mnchen-3ya.de'],
  ['ｅｘａｍｐｌｅ.com', 'example.com'],
  ['straße.de', 'xn--strae-oqa.de'],
  ['日本語.jp', 'xn--wgv71a119e.jp'],
  ['3com.com', '3com.com'],
])('hardening 41: %j and %j are one domain', (name, canonical) => {
  expect(canonicalDomain(name)).toBe(canonical);
});

test('hardening 41: a Cyrillic letter that looks like a Latin one makes another domain', () => {
  expect(canonicalDomain('аpple.com')).toBe('xn--pple-43d.com');
});

test.each([
  ['nothing', ''],
  ['the root', '.'],
  ['an empty label', 'a..b'],
  ['a leading dot', '.example.com'],
  ['two trailing dots', 'example.com..'],
  ['an address literal', '[127.0.0.1]'],
  ['an IPv6 literal', '[IPv6:::1]'],
  ['an IPv4 address', '127.0.0.1'],
  ['an IPv4 address in disguise', '0x7f.1'],
  ['a short IPv4 address', '127.1'],
  ['a numeric top label', 'example.123'],
  ['an underscore', 'a_b.com'],
  ['a leading hyphen', '-a.com'],
  ['a trailing hyphen', 'a-.com'],
  ['a port', 'example.com:25'],
  ['a path', 'example.com/x'],
  ['a percent sign', '%41.com'],
  ['an at sign', 'a@example.com'],
  ['a space', 'example .com'],
  ['a tab', 'exam\tple.com'],
  ['a NUL', 'example.com\0'],
  ['a line feed', 'example.com\n'],
  ['a label of 64 octets', `${'a'.repeat(64)}.com`],
  ['254 octets', `${'abc.'.repeat(63)}ab`],
  ['an A-label that does not decode', 'xn--a.de'],
  ['an A-label without a label', 'xn--.de'],
  ['an A-label of ASCII alone', 'xn--abc-.de'],
  ['an A-label of upper case, which no U-label gives', 'xn--MNCHEN-psa.de'],
  ['an A-label of what is mapped to something else', 'xn--jm6c.de'],
  ['an A-label of what is not NFC', 'xn--e-xbb.de'],
  ['a zero-width joiner alone', '\u200d.com'],
])('hardening 41: %s is no domain', (_, name) => {
  expect(canonicalDomain(name)).toBeNull();
});

test('a domain may have labels of 63 and a length of 253 octets', () => {
  expect(canonicalDomain(`${'a'.repeat(63)}.com`)).toHaveLength(67);
  expect(canonicalDomain(`${'abc.'.repeat(63)}a`)).toHaveLength(253);
});

test('a canonical domain is its own canonical form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'grapheme' })), (name) => {
      const canonical = canonicalDomain(name);
      if (canonical !== null) expect(canonicalDomain(canonical)).toBe(canonical);
    }),
  );
});
