import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { wireNstring, wireString } from './wire-string.ts';

test.each([
  ['', '""'],
  ['plain words', '"plain words"'],
  ['a "quoted" \\ one', '"a \\"quoted\\" \\\\ one"'],
  ['tab\tand \x01', '"tab\tand \x01"'],
  ['NUL \0.', '"NUL ?."'],
  ['line\nend', '{8}\r\nline\nend'],
  ['bare\rCR', '{7}\r\nbare\rCR'],
  ['caf\xc3\xa9 "x"', '{9}\r\ncaf\xc3\xa9 "x"'],
  ['\0\xff', '{2}\r\n?\xff'],
])('%j is sent as %j', (value, wire) => {
  expect(wireString(value)).toBe(wire);
});

test('a long string is a literal', () => {
  const long = 'x'.repeat(limits.quotedStringOctets);
  expect(wireString(long)).toBe(`"${long}"`);
  expect(wireString(`${long}x`)).toBe(`{${long.length + 1}}\r\n${long}x`);
});

test('NIL is not the empty string', () => {
  expect(wireNstring(null)).toBe('NIL');
  expect(wireNstring('')).toBe('""');
});
