import { expect, test } from 'vitest';
import { parseParameters } from './esmtp-parameters.ts';

const known = new Set(['SIZE', 'BODY', 'X-FLAG']);

test.each([
  ['', []],
  [' SIZE=1', [['SIZE', '1']]],
  [
    ' size=1 Body=8BITMIME',
    [
      ['SIZE', '1'],
      ['BODY', '8BITMIME'],
    ],
  ],
  ['  X-FLAG  ', [['X-FLAG', null]]],
])('reads %j', (text, expected) => {
  expect([...parseParameters(text, known)]).toEqual(expected);
});

test.each([
  ['SIZE=1', '501 5.5.4'],
  [' SIZE=', '501 5.5.4'],
  [' SIZE=1=2', '501 5.5.4'],
  [' =1', '501 5.5.4'],
  [' -X=1', '501 5.5.4'],
  [' SIZE=1 SIZE=2', '501 5.5.4'],
  [' SIZE=1 size=2', '501 5.5.4'],
  [' OTHER', '555 5.5.4'],
  [' toString=1', '555 5.5.4'],
])('refuses %j', (text, code) => {
  expect(() => parseParameters(text, known)).toThrow(code);
});
