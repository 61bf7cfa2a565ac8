import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddresses } from './addresses.ts';
import { decodeEncodedWords } from './encoded-words.ts';
import {
  formatAddressField,
  formatComment,
  formatDomain,
  formatDomainLiteral,
  formatGroup,
  formatLocalPart,
  formatMailbox,
  formatPhrase,
  formatText,
} from './format-elements.ts';

test.each([
  ['Mary Smith', 'Mary Smith'],
  ['Joe Q. Public', '"Joe Q. Public"'],
  ['Giant; "Big" Box', '"Giant; \\"Big\\" Box"'],
  ['a@evil', '"a@evil"'],
  ['ends in \\', '"ends in \\\\"'],
  ['Jürgen', '=?utf-8?B?SsO8cmdlbg==?='],
  ['=?utf-8?Q?not_encoded?=', '=?utf-8?B?PT91dGYtOD9RP25vdF9lbmNvZGVkPz0=?='],
  ['two  spaces', '"two  spaces"'],
  ['', '""'],
  ['Mary\r\nBcc: all@example.com', '"Mary Bcc: all@example.com"'],
])('hardening 36: the phrase %j is %s', (text, phrase) => {
  expect(formatPhrase(text)).toBe(phrase);
});

test.each([
  ['mary', 'mary'],
  ['mary.jones', 'mary.jones'],
  ['jürgen', 'jürgen'],
  ['mary jones', '"mary jones"'],
  ['a@evil x', '"a@evil x"'],
  ['..', '".."'],
  ['a"b\\c', '"a\\"b\\\\c"'],
])('hardening 36: the local part %j is %s', (content, localPart) => {
  expect(formatLocalPart(content)).toBe(localPart);
});

test.each(['', 'a\nb', 'a\0b', 'a\u2028b', '\ud800'])('hardening 36: %j is no local part', (content) => {
  expect(() => formatLocalPart(content)).toThrow(RangeError);
});

test('hardening 36: domains and domain literals', () => {
  expect(formatDomain('example.com')).toBe('example.com');
  expect(formatDomain('[192.0.2.1]')).toBe('[192.0.2.1]');
  expect(formatDomainLiteral('192.0.2.1')).toBe('[192.0.2.1]');
  expect(formatDomainLiteral('2001:db8::1')).toBe('[IPv6:2001:db8::1]');
  for (const domain of ['', 'a b', 'a>', 'a\r\nb', 'a..b', '[a]b]', '[a', 'a,b@c']) {
    expect(() => formatDomain(domain), domain).toThrow(RangeError);
  }
  expect(() => formatDomainLiteral('example.com')).toThrow(RangeError);
});

test.each([
  ['his (other) host', '(his \\(other\\) host)'],
  ['ends in \\', '(ends in \\\\)'],
  ['Zoë', '(=?utf-8?B?Wm/Dqw==?=)'],
  ['a\r\n\r\nb', '(a b)'],
])('hardening 36: the comment %j is %s', (text, comment) => {
  expect(formatComment(text)).toBe(comment);
});

test('text of a Subject: encoded where it must be, in words of 75 characters at most, no character cut', () => {
  expect(formatText('Hello (you)')).toBe('Hello (you)');
  const long = 'Žluťoučký kůň 😀 '.repeat(20).trim();
  const words = formatText(long).split(' ');
  expect(words.length).toBeGreaterThan(3);
  for (const word of words) expect(word.length).toBeLessThanOrEqual(75);
  expect(decodeEncodedWords(words.join('\r\n '.trimStart()))).toBe(long);
});

test('mailboxes and groups, folded between addresses', () => {
  const mary = { name: 'Mary Smith', localPart: 'mary', domain: 'example.com' };
  const john = { name: null, localPart: 'john doe', domain: 'example.com' };
  expect(formatMailbox(john)).toBe('"john doe"@example.com');
  expect(formatGroup({ name: 'Undisclosed recipients', members: [] })).toBe('Undisclosed recipients:;');
  const field = formatAddressField('To', [mary, john, { name: 'Team', members: [mary, john] }]);
  expect(field).toBe(
    'To: Mary Smith <mary@example.com>, "john doe"@example.com,\r\n' +
      ' Team: Mary Smith <mary@example.com>, "john doe"@example.com;\r\n',
  );
});

test('hardening 36: whatever a mailbox is made of, parsers find the same address and name, and nothing more', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  const content = text.filter((each) => {
    try {
      formatLocalPart(each);
      return true;
    } catch {
      return false;
    }
  });
  fc.assert(
    fc.property(text, content, (name, localPart) => {
      const written = formatMailbox({ name, localPart, domain: 'example.com' });
      expect(written).not.toMatch(/[\r\n]/);
      const [address, ...others] = parseAddresses(Buffer.from(written).toString('latin1'), 100);
      expect(others).toEqual([]);
      const read = (octets: string | null | undefined) => Buffer.from(octets ?? '', 'latin1').toString();
      expect(read(address?.mailbox)).toBe(localPart);
      expect(address?.host).toBe('example.com');
      const shown = name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
      expect(decodeEncodedWords(address?.name ?? '')).toBe(shown);
    }),
    { numRuns: 2_000 },
  );
});
