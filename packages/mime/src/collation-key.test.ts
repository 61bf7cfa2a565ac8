import { expect, test } from 'vitest';
import { collationKey } from './collation-key.ts';

test.each([
  ['Lunch', 'LUNCH'],
  ['GRÜSSE', 'grüsse'],
  ['Ångström', '\u212bngstro\u0308m'],
  ['ПРИВЕТ', 'привет'],
  ['ﬁn', 'ﬁN'],
  ['ǆ', 'Ǆ'],
  ['ᾳ', 'ᾼ'],
  ['ς', 'Σ'],
  ['a\x00\r\nb', 'A B'],
])('%j and %j are equal', (one, other) => {
  expect(collationKey(other)).toBe(collationKey(one));
});

test.each([
  ['a', 'ä'],
  ['ß', 'ss'],
  ['ﬁ', 'fi'],
  ['ა', 'Ა'],
  ['', ' '],
])('%j and %j are not', (one, other) => {
  expect(collationKey(other)).not.toBe(collationKey(one));
});

test('what is long is cut, and halves of surrogate pairs go', () => {
  expect(collationKey('x'.repeat(10_000))).toBe('X'.repeat(250));
  expect(collationKey('\ud800x').isWellFormed()).toBe(true);
  expect(collationKey(`${'x'.repeat(249)}😀`).isWellFormed()).toBe(true);
  const startedAt = performance.now();
  collationKey(`a${'\u0301\u0323'.repeat(500_000)}`);
  expect(performance.now() - startedAt).toBeLessThan(500);
});
