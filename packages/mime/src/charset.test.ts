import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { charsetDecoder, decodeCharset } from './charset.ts';
import { limits } from './limits.ts';

function decodeInPieces(octets: Buffer, label: string | null, cuts: readonly number[]): string {
  const decoder = charsetDecoder(label);
  let text = '';
  let from = 0;
  for (const cut of [...cuts, octets.length]) {
    const piece = Buffer.from(octets.subarray(from, cut));
    text += decoder.write(piece);
    piece.fill(0x2d); // the decoder must not look at a piece again
    from = Math.max(from, cut);
  }
  return text + decoder.end();
}

const everyOctet = (octets: Buffer) => Array.from(octets, (_, index) => index);

describe('labels that people send', () => {
  test.each([
    ['utf-8', 'grün', [0x67, 0x72, 0xc3, 0xbc, 0x6e]],
    ['UTF8', 'ü', [0xc3, 0xbc]],
    ['"utf-8"', 'ü', [0xc3, 0xbc]],
    ['utf8mb4', 'ü', [0xc3, 0xbc]],
    ['iso-8859-1', 'ü€', [0xfc, 0x80]], // as windows-1252, which contains it: what senders mean
    ['ISO_8859-1:1987', 'ü', [0xfc]],
    ['latin1', 'ü', [0xfc]],
    ['iso8859_15', '€', [0xa4]],
    ['cp1252', '“€”', [0x93, 0x80, 0x94]],
    ['windows-1251', 'мост', [0xec, 0xee, 0xf1, 0xf2]],
    ['koi8-r', 'мост', [0xcd, 0xcf, 0xd3, 0xd4]],
    ['koi8-u', 'ї', [0xa7]],
    ['iso-8859-8-i', 'גשר', [0xe2, 0xf9, 0xf8]],
    ['tis-620', 'ก', [0xa1]],
    ['gb2312', '桥', [0xc7, 0xc5]],
    ['gb2312', '橋', [0x98, 0xf2]], // not in GB 2312, but in GBK
    ['gb18030', '㐀', [0x81, 0x39, 0xee, 0x39]],
    ['big5', '橋', [0xbe, 0xf4]],
    ['ks_c_5601-1987', '다', [0xb4, 0xd9]],
    ['shift_jis', '橋', [0x8b, 0xb4]],
    ['cp932', '①', [0x87, 0x40]],
    ['euc-jp', '橋', [0xb6, 0xb6]],
    ['iso-2022-jp', '橋a', [0x1b, 0x24, 0x42, 0x36, 0x36, 0x1b, 0x28, 0x42, 0x61]],
    ['iso-2022-jp-ms', '橋', [0x1b, 0x24, 0x42, 0x36, 0x36, 0x1b, 0x28, 0x42]],
    ['unicode-1-1-utf-7', 'ä', [0x2b, 0x41, 0x4f, 0x51, 0x2d]],
    ['utf-7', 'ä+', [0x2b, 0x41, 0x4f, 0x51, 0x2d, 0x2b, 0x2d]],
    ['utf-16', 'ab', [0xfe, 0xff, 0x00, 0x61, 0x00, 0x62]],
    ['utf-16', 'ab', [0xff, 0xfe, 0x61, 0x00, 0x62, 0x00]],
    ['utf-16be', 'ab', [0x00, 0x61, 0x00, 0x62]],
    ['utf-16le', 'ab', [0x61, 0x00, 0x62, 0x00]],
    ['cp850', 'ö', [0x94]],
    ['ibm437', 'ö', [0x94]],
    ['macintosh', 'ö', [0x9a]],
  ])('%s gives %s', (label, text, octets) => {
    expect(decodeCharset(Uint8Array.from(octets), label)).toBe(text);
    const buffer = Buffer.from(octets);
    expect(decodeInPieces(buffer, label, [])).toBe(text);
    expect(decodeInPieces(buffer, label, everyOctet(buffer))).toBe(text);
  });
});

describe('no charset that is known', () => {
  test.each([
    null,
    '',
    'us-ascii',
    'ANSI_X3.4-1968',
    'x-unknown',
    'unknown-8bit',
    '8bit',
    'x-user-defined',
    'hex',
    'b-a-s-e-64',
    'binary',
    'iso-2022-kr',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'x\0y',
    'x'.repeat(limits.charsetOctets + 1),
    'utf-8 '.repeat(1_000_000),
  ])('%#: UTF-8 if valid, else windows-1252', (label) => {
    expect(decodeCharset(Buffer.from('plain'), label)).toBe('plain');
    expect(decodeCharset(Buffer.from('gr\u00fcn \u20ac'), label)).toBe('grün €');
    expect(decodeCharset(Buffer.from('gr\xfcn \x80', 'latin1'), label)).toBe('grün €');
    expect(decodeInPieces(Buffer.from('gr\u00fcn \u20ac'), label, [3])).toBe('grün €');
    expect(decodeInPieces(Buffer.from('gr\xfcn \x80', 'latin1'), label, [3])).toBe('grün €');
  });

  test.each([
    ['a byte order mark', '\xef\xbb\xbfa\xc3\xa4', 'aä'],
    ['a byte order mark too late', 'a\xef\xbb\xbfb', 'a\ufeffb'],
    ['one broken octet in UTF-8', 'a\xc3\xa4\xffb', 'aä\ufffdb'],
    ['a character cut by the end', 'a\xe2\x82', 'aâ‚'],
    ['a character cut by another', 'a\xe2\x82z\xc3\xa4', 'aâ‚zÃ¤'],
    ['an octet that begins nothing', '\x80\x80', '€€'],
    ['nothing', '', ''],
  ])('a stream with %s is judged by its first character beyond ASCII', (_, octets, text) => {
    const buffer = Buffer.from(octets, 'latin1');
    expect(decodeInPieces(buffer, null, [])).toBe(text);
    expect(decodeInPieces(buffer, null, everyOctet(buffer))).toBe(text);
  });
});

// iconv-lite loads its table at the first question.
const iconvLabels = iconv.encodingExists('utf-8') ? Object.keys(iconv.encodings ?? {}) : [];

const labels = [
  ...iconvLabels.filter((label) => !/^_/.test(label)),
  ...[
    null,
    'utf-8',
    'iso-8859-1',
    'koi8-r',
    'gb18030',
    'gb2312',
    'big5',
    'euc-kr',
    'euc-jp',
    'shift_jis',
    'iso-2022-jp',
  ],
  ...['utf-7', 'utf-16', 'utf-16be', 'utf-32', 'cp850', 'cp932', 'cp949', 'utf-7-imap', 'macintosh', 'x-unknown'],
];

describe('hardening 35: any octets in any charset', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .array(
        fc.constantFrom(
          'a',
          '+',
          '-',
          'AOQ',
          '&',
          '\x1b$B',
          '\x1b(B',
          '\x1b(J',
          '66',
          '\xc3',
          '\xa4',
          '\xe2\x82',
          '\xff\xfe',
          '\0',
        ),
      )
      .map((pieces) => Uint8Array.from(Buffer.from(pieces.join(''), 'latin1'))),
  );

  test('give text without throwing, and the same whatever the cuts', () => {
    fc.assert(
      fc.property(fc.constantFrom(...labels), octets, fc.array(fc.nat(80)), (label, whole, places) => {
        const buffer = Buffer.from(whole);
        const cuts = places.map((place) => place % (buffer.length + 1)).sort((a, b) => a - b);
        const inPieces = decodeInPieces(buffer, label, cuts);
        // Of base64 in UTF-7 that is broken, iconv-lite makes what it has so far at each cut.
        if (label !== null && /utf-?7/i.test(label)) expect(typeof inPieces).toBe('string');
        else expect(inPieces).toBe(decodeInPieces(buffer, label, []));
        expect(typeof decodeCharset(buffer, label)).toBe('string');
      }),
      { numRuns: 10_000 },
    );
  });

  test('any label', () => {
    fc.assert(
      fc.property(fc.string(), (label) => {
        expect(decodeCharset(Buffer.from('abc'), label).length).toBeGreaterThan(0);
      }),
    );
  });

  test('every encoding that iconv-lite knows, whole and octet by octet', () => {
    const octets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    for (const label of iconvLabels) {
      expect(decodeCharset(octets, label).length).toBeGreaterThan(60);
      expect(decodeInPieces(octets, label, everyOctet(octets))).toBe(decodeInPieces(octets, label, []));
    }
  });
});
