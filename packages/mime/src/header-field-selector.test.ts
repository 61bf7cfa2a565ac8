import { expect, test } from 'vitest';
import { HeaderFieldSelector } from './header-field-selector.ts';
import { countOctets } from './testing/count-octets.ts';

function select(header: string, names: readonly string[], mode: 'only' | 'except') {
  return new HeaderFieldSelector(names, mode).select(Buffer.from(header, 'latin1')).toString('latin1');
}

const header =
  'From: a@b\r\nTo: c@d,\r\n\te@f\r\nSubject : obsolete\r\nX-Long:\r\n folded\r\nno colon\r\nfrom: again\r\nDate:\r\n\r\n';

test.each([
  [['FROM', 'date'], 'From: a@b\r\nfrom: again\r\nDate:\r\n\r\n'],
  [['To', 'Subject'], 'To: c@d,\r\n\te@f\r\nSubject : obsolete\r\n\r\n'],
  [['x-long'], 'X-Long:\r\n folded\r\n\r\n'],
  [['Missing', '__proto__', 'no colon', ''], '\r\n'],
  [[], '\r\n'],
])('only %j', (names, selected) => {
  expect(select(header, names, 'only')).toBe(selected);
});

test.each([
  [['FROM', 'date', 'To'], 'Subject : obsolete\r\nX-Long:\r\n folded\r\nno colon\r\n\r\n'],
  [['Missing'], header],
  [[], header],
])('except %j', (names, selected) => {
  expect(select(header, names, 'except')).toBe(selected);
});

test.each([
  ['a header without blank line gets none', 'From: a\r\nTo: b\r\n', ['To'], 'To: b\r\n'],
  ['nor a last line end', 'From: a\r\nTo: b', ['To'], 'To: b'],
  ['nothing at all', '', ['To'], ''],
  ['bare LF', 'From: a\nTo: b\n c\n\n', ['To'], 'To: b\n c\n\n'],
  [
    'hardening 32: __proto__ is a name',
    '__proto__: a\r\nconstructor: b\r\n\r\n',
    ['__proto__'],
    '__proto__: a\r\n\r\n',
  ],
  ['only A to Z have case', 'X-\xc4: a\r\n\r\n', ['x-\xe4'], '\r\n'],
])('%s', (_, given, names, selected) => {
  expect(select(given, names, 'only')).toBe(selected);
});

test('hardening 33: 100,000 numbers for names, in the list and in the header, take linear work', () => {
  const work = (count: number) => {
    // Their hash is their value in V8, and they are a power of two apart: they would meet in one bucket.
    const names = Array.from({ length: count }, (_, i) => String(i * 2 ** 15));
    const header = Buffer.from(names.map((name) => `${name}: x\r\n`).join(''));
    const selector = new HeaderFieldSelector(names, 'only');
    return countOctets(() => expect(selector.select(header)).toHaveLength(header.length));
  };
  expect(work(100_000)).toBeLessThan(work(50_000) * 2.2);
});

test.each(['X: y\r\n', 'x\n', ':\n', 'A: b\n c\n', ' \n', '\0', 'x'])('%j repeated takes linear work', (piece) => {
  const selector = new HeaderFieldSelector(['x'], 'only');
  const work = (times: number) => countOctets(() => selector.select(Buffer.from(piece.repeat(times))));
  expect(work(2_000)).toBeLessThan(work(1_000) * 2.2 + 100);
});
