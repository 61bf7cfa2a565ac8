import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldForSearch, foldHeaderForSearch } from './fold-for-search.ts';

describe('what a reader takes for the same', () => {
  test.each([
    ['Straße', 'STRASSE', 'strasse'],
    ['ẞ', 'ß', 'ss'],
    ['ΟΔΟΣ', 'οδος', 'οδοσ'],
    ['İstanbul', 'ISTANBUL', 'istanbul'],
    ['ısı', 'ISI', 'isi'],
    ['МОСТ', 'мост', 'мост'],
    ['Ｆｕｌｌ　ｗｉｄｔｈ', 'full width', 'full width'],
    ['ﾃｽﾄ', 'テスト', 'テスト'],
    ['ﬁnd', 'find', 'find'],
    ['e\u0301t\u00e9', 'ÉTÉ', 'été'],
    ['Ǆ', 'ǆ', 'dž'],
    ['ᾳ', 'ᾼ', 'αι'],
    ['co\u00adop\u200bera\u2060tion', 'cooperation', 'cooperation'],
    ['می\u200cخواهم', 'میخواهم', 'میخواهم'],
    ['①', '1', '1'],
    ['10\u00a0€', '10 €', '10 €'],
    ['a \t\r\n b', 'a b', 'a b'],
    ['a\u2028b', 'a\u2003b', 'a b'],
  ])('%j and %j', (one, other, folded) => {
    expect(foldForSearch(one)).toBe(folded);
    expect(foldForSearch(other)).toBe(folded);
    expect(foldHeaderForSearch(one)).toBe(one.includes('\n') ? 'a \n b' : folded);
  });
});

test('diacritics, and spaces at the ends, count', () => {
  expect(foldForSearch('Résumé')).not.toBe(foldForSearch('resume'));
  expect(foldForSearch(' a ')).toBe(' a ');
});

test('the lines of a header stay', () => {
  expect(foldHeaderForSearch('Subject: A  B\nFrom:\tC\n')).toBe('subject: a b\nfrom: c\n');
});

describe('the short way that most text takes gives what the long one does', () => {
  // An emoji anywhere makes the whole text take the long way.
  const expectTheSame = (text: string) => {
    expect(foldForSearch(text)).toBe(foldForSearch(`${text}\u{1f600}`).slice(0, -2));
  };

  test('every character that may take it, beside letters that could matter', () => {
    for (let code = 1; code < 0x3100; code++) {
      const character = String.fromCharCode(code);
      for (const other of ['', 'a', 'Σ', 'İ', 'ß', 'か', '\u0384']) expectTheSame(`x${other}${character}${other}`);
    }
  });

  test('any text', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'aAßΣσςİıé´ Ж…”ﬁが日\n\u00ad\u037a') }), expectTheSame));
  });
});

describe('idempotent', () => {
  test('every character of the planes that have letters', () => {
    for (let code = 0; code < 0x30000; code++) {
      const folded = foldForSearch(`a${String.fromCodePoint(code)}`);
      if (foldForSearch(folded) !== folded) expect.fail(`U+${code.toString(16)}`);
    }
  });

  test('any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          'i',
          'I',
          'İ',
          'ı',
          'σ',
          'Σ',
          'ß',
          '\u0307',
          '\u0345',
          '\u0301',
          '\u0f77',
          '\u0316'.repeat(30),
          '\u0301\u0316'.repeat(20),
          '\u034f',
          '\u200d',
          ' ',
          '\n',
          'ﬃ',
        ),
      }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const folded = foldForSearch(text);
        expect(foldForSearch(folded)).toBe(folded);
        const header = foldHeaderForSearch(text);
        expect(foldHeaderForSearch(header)).toBe(header);
        expect(foldForSearch(header)).toBe(folded);
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([' ', '\n', '\u00ad', 'ß', '\u0301', ' \u00ad', 'İ', '\u{1d400}'])(
  'hardening 34: a megabyte of %j',
  (piece) => {
    expect(foldForSearch(piece.repeat(1_000_000 / piece.length)).length).toBeLessThanOrEqual(2_000_000);
  },
);

test('hardening 34: of marks on one letter 30 count, for putting them in order takes the square of their number', () => {
  const disorder = '\u0345\u0301\u0316';
  expect(foldForSearch(`a${disorder.repeat(30_000)}b`).length).toBeLessThanOrEqual(64);
  expect(foldForSearch(`a${`${disorder}\u034f`.repeat(30_000)}b`).length).toBeLessThanOrEqual(64);
  expect(foldForSearch(`か${'\u0301ﾞ'.repeat(30_000)}b`).length).toBeLessThanOrEqual(64);
  expect(foldHeaderForSearch(`Subject: ${`a${disorder.repeat(10)}`.repeat(10_000)}`).length).toBeGreaterThan(200_000);
});
