import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAddress, formatAddress, parseAddress, withoutDetail } from './address.ts';

const read = (text: string) => {
  const address = parseAddress(text);
  return address === null ? null : formatAddress(address);
};

test.each([
  ['Mary@Example.COM', 'mary@example.com'],
  ['mary@example.com.', 'mary@example.com'],
  ['"mary"@example.com', 'mary@example.com'],
  ['"ma\\ry"@example.com', 'mary@example.com'],
  ['"Mary Jones"@example.com', '"mary jones"@example.com'],
  ['"a@b"@example.com', '"a@b"@example.com'],
  ['"a\\"b\\\\c"@example.com', '"a\\"b\\\\c"@example.com'],
  ['"..a"@example.com', '"..a"@example.com'],
  ["!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"],
  ['JÜRGEN@münchen.de', 'jürgen@xn--mnchen-3ya.de'],
  ['ju\u0308rgen@münchen.de', 'jürgen@xn--mnchen-3ya.de'],
  ['用户@例子.广告', '用户@xn--fsqu00a.xn--4rr70v'],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
])('hardening 41: %j is %j', (text, canonical) => {
  expect(read(text)).toBe(canonical);
});

test.each([
  ['no at sign', 'mary'],
  ['no local part', '@example.com'],
  ['an empty quoted local part', '""@example.com'],
  ['no domain', 'mary@'],
  ['a dot first', '.mary@example.com'],
  ['a dot last', 'mary.@example.com'],
  ['two dots', 'ma..ry@example.com'],
  ['an unquoted space', 'mary jones@example.com'],
  ['an unquoted at sign', 'a@b@example.com'],
  ['an unclosed quote', '"mary@example.com'],
  ['a quote inside quotes', '"a"b"@example.com'],
  ['a trailing backslash', '"mary\\"@example.com'],
  ['a control character', 'ma\x01ry@example.com'],
  ['a line feed in quotes', '"a\nb"@example.com'],
  ['a NUL in quotes', '"a\0b"@example.com'],
  ['a C1 control character', 'ma\u0085ry@example.com'],
  ['a line separator', 'ma\u2028ry@example.com'],
  ['a lone surrogate', 'ma\ud800ry@example.com'],
  ['a local part of 65 octets', `${'a'.repeat(65)}@example.com`],
  ['a local part of 65 octets in UTF-8', `${'ü'.repeat(32)}a@example.com`],
  ['an address literal', 'mary@[127.0.0.1]'],
])('hardening 14: %s makes no address', (_, text) => {
  expect(parseAddress(text)).toBeNull();
});

test('a canonical address is its own canonical form, also written out', () => {
  const quoted = fc.string({ unit: 'grapheme' }).map((text) => `"${text}"`);
  const localPart = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), quoted);
  fc.assert(
    fc.property(localPart, (written) => {
      const address = canonicalAddress({ localPart: written, domain: 'example.com' });
      if (address === null) return;
      const same = { ...address, writtenPart: address.localPart };
      expect(canonicalAddress(address)).toEqual(same);
      expect(parseAddress(formatAddress(address))).toEqual(same);
      expect(canonicalAddress({ ...address, localPart: address.writtenPart })).toEqual(address);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['mary+news', ['mary']],
  ['mary+', ['mary']],
  ['mary+a+b', ['mary+a', 'mary']],
  ['mary-ann+news', ['mary-ann', 'mary']],
  ['"mary+a b"', ['mary']],
  ['"mary jones+news"', ['"mary jones"']],
  ['mary', []],
  ['"mary jones"', []],
  ['+mary', []],
])('%j without its detail may be %j', (localPart, bases) => {
  expect(withoutDetail(localPart).map(({ base }) => base)).toEqual(bases);
});
