import { expect, test } from 'vitest';
import { decodeXtext } from './xtext.ts';

test('xtext', () => {
  const texts = ['', 'abc', 'e+3Dmc2@example.com', '<>', '+0D+0A+FF+2B'];
  expect(texts.map(decodeXtext)).toEqual(['', 'abc', 'e=mc2@example.com', '<>', '\r\n\xff+']);
  for (const text of ['a b', 'a=b', 'a+b', 'a+3d', 'a+3', '\x7f']) expect(decodeXtext(text), text).toBe(null);
});
