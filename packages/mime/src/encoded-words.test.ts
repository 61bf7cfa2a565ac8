import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEncodedWords } from './encoded-words.ts';
import { countOctets } from './testing/count-octets.ts';

describe('encoded-words (RFC 2047)', () => {
  test.each([
    ['no encoded-word', 'no encoded-word'],
    ['', ''],
    ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
    ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>', 'Keld Jørn Simonsen <keld@dkuug.dk>'],
    ['=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=', 'If you can read this yo'],
    // The table of §8, also for comments.
    ['(=?ISO-8859-1?Q?a?=)', '(a)'],
    ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?= \t =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    ['=?utf-8?q?=c3=a4?=', 'ä'],
    ['=?utf-8?b?w6Q=?=', 'ä'],
    ['=?utf-8?B?w6Q?=', 'ä'], // no padding
    ['=?utf-8*de?Q?=C3=A4?=', 'ä'], // RFC 2231 §5
    ['"=?utf-8?Q?=C3=A4?="', '"ä"'],
    ['x=?utf-8?Q?=C3=A4?=y', 'xäy'],
    ['=?utf-8?Q?real spaces?=', 'real spaces'],
    ['=?utf-8?Q??= x', ' x'],
  ])('%s', (value, decoded) => {
    expect(decodeEncodedWords(value)).toBe(decoded);
  });
});

describe('neighbours', () => {
  test.each([
    ['a character cut in two', '=?utf-8?Q?=E2=82?= =?UTF-8?Q?=AC?=', '€'],
    ['in two encodings', '=?utf-8?Q?=E2=82?= =?utf-8?B?rA==?=', '€'],
    ['base64 text cut in two', '=?utf-8?B?4?= =?utf-8?B?oKs?=', '€'],
    ['base64 text whole without padding', '=?utf-8?B?w6Q?= =?utf-8?B?w7Y?=', 'äö'],
    ['ISO-2022-JP, each back in ASCII', '=?iso-2022-jp?B?GyRCJUYbKEI=?= =?iso-2022-jp?B?GyRCJTkbKEI=?=', 'テス'],
    ['ISO-2022-JP cut in two', '=?iso-2022-jp?Q?=1B$B%F%?= =?iso-2022-jp?Q?9=1B(B?=', 'テス'],
    ['two charsets', '=?utf-8?Q?=C3=A4?= =?iso-8859-1?Q?=E4?=', 'ää'],
    ['text between', '=?utf-8?Q?a?= . =?utf-8?Q?b?=', 'a . b'],
  ])('%s', (_, value, decoded) => {
    expect(decodeEncodedWords(value)).toBe(decoded);
  });

  test('text cut anywhere, in octets, is whole again', () => {
    const words = fc.record({
      text: fc.string({ unit: 'grapheme', maxLength: 20 }),
      cuts: fc.array(fc.nat(60), { maxLength: 4 }),
      encoding: fc.constantFrom('B', 'Q'),
    });
    fc.assert(
      fc.property(words, ({ text, cuts, encoding }) => {
        const octets = Buffer.from(`.${text}.`.toWellFormed());
        const places = [0, ...cuts.map((cut) => cut % octets.length), octets.length].sort((a, b) => a - b);
        const encoded = places.slice(1).map((end, index) => {
          const piece = octets.subarray(places[index] ?? 0, end);
          const quoted = piece.toString('hex').replace(/../g, '=$&');
          return `=?utf-8?${encoding}?${encoding === 'B' ? piece.toString('base64') : quoted}?=`;
        });
        expect(decodeEncodedWords(encoded.join(' '))).toBe(`.${text}.`.toWellFormed());
      }),
    );
  });
});

describe('what is none', () => {
  test.each([
    '=?',
    '=?=',
    '=?utf-8',
    '=?utf-8?',
    '=?utf-8?Q',
    '=?utf-8?Q?',
    '=?utf-8?Q?never ended',
    '=?utf-8?Q?never ended?',
    '=?utf-8?X?text?=',
    '=?utf-8?QQ?text?=',
    '=??Q?text?=',
    '= ?utf-8?Q?text?=',
    '?=',
  ])('%s stays', (value) => {
    expect(decodeEncodedWords(value)).toBe(value);
    expect(decodeEncodedWords(`${value} =?utf-8?Q?=C3=A4?=`)).toContain('ä');
  });

  test.each([
    ['raw UTF-8 (RFC 6532)', 'Gr\xc3\xb6\xc3\x9fe', 'Größe'],
    ['raw Latin-1', 'Gr\xf6\xdfe', 'Größe'],
    ['text that was decoded before', 'Größe €', 'Größe €'],
    ['both beside encoded-words', '\xf6 =?utf-8?Q?=C3=A4?= \xc3\xb6', 'ö ä ö'],
  ])('%s', (_, value, decoded) => {
    expect(decodeEncodedWords(value)).toBe(decoded);
  });
});

describe('hardening 35: broken encoded-words', () => {
  test.each([
    ['an unknown charset', '=?x-martian?Q?caf=E9?=', 'café'],
    ['a charset of a megabyte', `=?${'x'.repeat(1_000_000)}?Q?caf=E9?=`, 'café'],
    ['names of Object.prototype', '=?__proto__?Q?=E9?= =?constructor?Q?=E9?=', 'éé'],
    ['cut UTF-8', '=?utf-8?Q?a=E2=82?=', 'a\ufffd'],
    ['invalid base64', '=?utf-8?B?!!w6!!Q!!?=', 'ä'],
    ['invalid escapes', '=?utf-8?Q?=zz=4=?=', '=zz=4='],
    ['UTF-7', '=?utf-7?Q?+AOQ-?=', 'ä'],
    ['ISO-2022-JP that never returns', '=?iso-2022-jp?Q?=1B$B%F?= after', 'テ after'],
    ['NUL', '=?utf-8?Q?a=00b?=', 'a\0b'],
  ])('%s', (_, value, decoded) => {
    expect(decodeEncodedWords(value)).toBe(decoded);
  });

  test('one of a megabyte', () => {
    expect(decodeEncodedWords(`=?utf-8?Q?${'=C3=A4'.repeat(170_000)}?=`)).toBe('ä'.repeat(170_000));
    expect(decodeEncodedWords(`=?utf-8?B?${'w6TD'.repeat(250_000)}?=`).length).toBeGreaterThan(300_000);
  });

  test('any octets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('=?', '?=', '?', 'utf-8', 'Q', 'B', '=', ' ', 'w6Q', '=E2', '\xe9', '_')),
        (parts) => {
          expect(typeof decodeEncodedWords(parts.join(''))).toBe('string');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('hardening 34: encoded-words in linear work', () => {
  test.each([
    '=?',
    '?',
    '=?utf-8?Q?',
    '=?utf-8?Q?x',
    '=?a?q?=',
    '=?utf-8?Q??=',
    '=?utf-8?Q?=E9?= ',
    '=?x?B?w?=\t',
    ' ',
    '=?a?',
  ])('%j repeated', (piece) => {
    const work = (times: number) => countOctets(() => decodeEncodedWords(`${piece.repeat(times)} `));
    expect(work(2_000)).toBeLessThan(work(1_000) * 2.2 + 100);
    decodeEncodedWords(`${piece.repeat(50_000)} `); // would not end if it were quadratic
  });
});
