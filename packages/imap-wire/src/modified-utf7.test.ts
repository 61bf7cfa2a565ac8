import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

test.each([
  ['', ''],
  ['INBOX', 'INBOX'],
  ['R&-D', 'R&D'],
  ['&-&-', '&&'],
  ['~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/台北/日本語'],
  ['&U,BTF2XlZyyKng-', '台北日本語'],
  ['&2D3eAA-', '😀'],
  ['Entw&APw-rfe', 'Entwürfe'],
  ['&AOk--', 'é-'],
  ['&AOk-&-&AOk-', 'é&é'],
  ['&AAA-', '\0'],
])('%s is %s', (encoded, name) => {
  expect(decodeModifiedUtf7(encoded)).toBe(name);
  expect(encodeModifiedUtf7(name)).toBe(encoded);
});

test.each([
  ['no shift back', '&Jjo'],
  ['no shift back before !', '&Jjo!'],
  ['a lone ampersand', '&'],
  ['a superfluous shift', '&U,BTFw-&ZeVnLIqe-'],
  ['printable US-ASCII', '&AGE-'],
  ['printable US-ASCII beside other', '&AGEA6Q-'],
  ['an ampersand in base64', '&ACY-'],
  ['too few bits', '&AA-'],
  ['one character of base64', '&A-'],
  ['bits left over', '&AOl-'],
  ['an octet left over', '&AOkA-'],
  ['padding', '&AOk=-'],
  ['a slash of ordinary base64', '&U/BTFw-'],
  ['an underscore of base64url', '&U_BTFw-'],
  ['a lone surrogate', '&2D0-'],
  ['surrogates in the wrong order', '&3gDYPQ-'],
  ['a space in base64', '&AO k-'],
  ['an octet above 0x7f', 'é'],
  ['a control character', 'a\tb'],
  ['a DEL', 'a\x7fb'],
])('%s is malformed', (_, encoded) => {
  expect(decodeModifiedUtf7(encoded)).toBeNull();
});

test('a lone surrogate becomes a replacement character', () => {
  expect(decodeModifiedUtf7(encodeModifiedUtf7('a\ud83d'))).toBe('a\ufffd');
});

test('every name comes back, in printable US-ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const encoded = encodeModifiedUtf7(name);
      expect(encoded).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeModifiedUtf7(encoded)).toBe(name.toWellFormed());
    }),
  );
});

test('no two forms mean the same name', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('&', '-', 'A', 'O', 'k', ',', '2', 'D', '3', 'e', 'w', 'a') }),
      (encoded) => {
        const name = decodeModifiedUtf7(encoded);
        if (name !== null) expect(encodeModifiedUtf7(name)).toBe(encoded);
      },
    ),
    { numRuns: 2000 },
  );
});

test.each(['&', '&A', '&-', '&AOk-', '-&'])('a long run of %j is decoded in linear time', (piece) => {
  // 2 MB would take minutes if each ampersand were searched to the end.
  decodeModifiedUtf7(piece.repeat(1_000_000));
});
