import { describe, expect, test } from 'vitest';
import { parseContentType, parseDisposition, parseLanguages, parseTransferEncoding } from './content-fields.ts';
import { limits } from './limits.ts';
import { parameterValue } from './parameters.ts';
import { countOctets } from './testing/count-octets.ts';

function contentType(value: string) {
  const parsed = parseContentType(value);
  return (
    parsed && [`${parsed.type}/${parsed.subtype}`, ...parsed.parameters.map(({ name, value }) => `${name}=${value}`)]
  );
}

describe('Content-Type (RFC 2045 §5.1)', () => {
  test.each([
    ['text/plain; charset=us-ascii (Plain text)', ['text/plain', 'charset=us-ascii']],
    ['text/plain; charset="us-ascii"', ['text/plain', 'charset=us-ascii']],
    ['TEXT / (a) HTML ;CHARSET = utf-8', ['TEXT/HTML', 'CHARSET=utf-8']],
    ['multipart/mixed; boundary="gc0p4Jq0M:2Yt08jU534c0p"', ['multipart/mixed', 'boundary=gc0p4Jq0M:2Yt08jU534c0p']],
    ['multipart/mixed; boundary=----=_Part_1', ['multipart/mixed', 'boundary=----=_Part_1']],
    ['text/plain; name="a \\"b\\" \\\\c"', ['text/plain', 'name=a "b" \\c']],
    ['text/plain; name=', ['text/plain', 'name=']],
    ['text/plain;; ;charset=x;', ['text/plain', 'charset=x']],
    ['text/plain charset=x', ['text/plain', 'charset=x']],
    ['text/plain; a=b charset=x', ['text/plain', 'a=b', 'charset=x']],
    ['text/plain; name=This is a test.txt', ['text/plain', 'name=This is a test.txt']],
    ['text/plain; name=photo(1).jpg', ['text/plain', 'name=photo(1).jpg']],
    ['text/plain; name="unterminated; charset=x', ['text/plain', 'name=unterminated; charset=x']],
    ['text/plain; name="ends in \\', ['text/plain', 'name=ends in ']],
    ['text/plain; junk; =x; charset=y', ['text/plain', 'charset=y']],
    ['text/plain; a=1; A=2', ['text/plain', 'a=1']],
    ['text/plain; name=\xe9\xa0x', ['text/plain', 'name=\xe9\xa0x']],
    ['text', null],
    ['text/', null],
    ['/plain', null],
    ['', null],
    ['"text"/plain', null],
    ['(', null],
  ])('%s', (value, expected) => {
    expect(contentType(value)).toEqual(expected);
  });
});

describe('continuations (RFC 2231 §3, §4; RFC 9051 §7.5.2)', () => {
  test.each([
    [
      'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub"',
      ['access-type=URL', 'URL=ftp://cs.utk.edu/pub'],
    ],
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      ["title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A"],
    ],
    [
      `application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
      ["title*=us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!"],
    ],
    ['a/b; x*1=two; x*0=one; y=z', ['x=onetwo', 'y=z']],
    ['a/b; x*0=one; x*2=three', ['x=one', 'x*2=three']],
    ['a/b; x*1=two', ['x*1=two']],
    ['a/b; x*0=one; x*0*=again; X*1=two', ['x=onetwo']],
    ['a/b; x*0=one; x*1*=%20two', ["x*=''one%20two"]],
    ['a/b; x*999999999*=y; x*01=z; x*=w; *0=v; x**=u', ['x*999999999*=y', 'x*01=z', 'x*=w', '*0=v', 'x**=u']],
  ])('%s', (value, expected) => {
    expect(contentType(value)?.slice(1)).toEqual(expected);
  });

  test('hardening 32: names of Object.prototype are parameters like others', () => {
    expect(contentType('a/b; __proto__=c; constructor=d; toString*0=e; toString*1=f; hasOwnProperty*9=g')).toEqual([
      'a/b',
      '__proto__=c',
      'constructor=d',
      'toString=ef',
      'hasOwnProperty*9=g',
    ]);
    expect(parameterValue(parseContentType('a/b; c=d')?.parameters ?? [], 'constructor')).toBeNull();
  });

  test('hardening 31: 100,000 parameters are cut off at the limit, in linear work', () => {
    const value = (count: number) => `a/b${Array.from({ length: count }, (_, i) => `; x*${i}*=y`).join('')}`;
    expect(parseContentType(value(100_000))?.parameters).toEqual([
      { name: 'x*', value: 'y'.repeat(limits.parameters) },
    ]);
    expect(countOctets(() => parseContentType(value(2_000)))).toBe(countOctets(() => parseContentType(value(1_000))));
  });

  test.each([' ', '=', ';', '"', '(', '(\\', 'a=b ', 'a ', ';a=', '*', '\\'])(
    'hardening 34: %j repeated takes linear work',
    (piece) => {
      const work = (times: number) => countOctets(() => parseContentType(`a/b; x=${piece.repeat(times)}`));
      expect(work(4_000)).toBeLessThan(work(2_000) * 2.2 + 100);
    },
  );
});

test.each([
  ['attachment; filename=genome.jpeg;\t modification-date="Wed, 12 Feb 1997 16:29:51 -0500"', 'attachment', 2],
  ['inline', 'inline', 0],
  ['inline (as sent)', 'inline', 0],
  ['INLINE;filename=x', 'INLINE', 1],
])('Content-Disposition %s', (value, type, parameters) => {
  expect(parseDisposition(value)).toMatchObject({ type, parameters: { length: parameters } });
});

test.each(['', '=?utf-8?Q?invalid?=', 'filename=x', '; filename=x', '"attachment"'])(
  'Content-Disposition %s is none',
  (value) => {
    expect(parseDisposition(value)).toBeNull();
  },
);

test.each([
  ['BASE64', 'BASE64'],
  [' (c) quoted-printable; x', 'quoted-printable'],
  ['base64 (as sent) ', 'base64'],
  ['x-uuencode', 'x-uuencode'],
  ['7-bit', '7-bit'],
  ['quoted printable', null],
  ['quoted-printable charset=utf-8', null],
  ['text/html', null],
  ['8 bit', null],
  ['base64,', null],
  ['', null],
  ['"base64"', null],
])('Content-Transfer-Encoding %s', (value, encoding) => {
  expect(parseTransferEncoding(value)).toBe(encoding);
});

test.each([
  ['en', ['en']],
  ['en, de-AT (Austrian),fr', ['en', 'de-AT', 'fr']],
  [',, ;"', null],
  ['', null],
])('Content-Language %s', (value, languages) => {
  expect(parseLanguages(value)).toEqual(languages);
});
