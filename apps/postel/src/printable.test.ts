import { expect, test } from 'vitest';
import { printable, printableCount, printableSize } from './printable.ts';

test.each([
  ['plain', 'plain'],
  ['two\r\nlines\t!', 'two lines !'],
  ['\x1b[31mred\x9b0m', '[31mred 0m'],
  ['gnp.\u202eexe', 'gnp. exe'],
  ['exactly twelve'.slice(0, 12), 'exactly twel'],
  ['a bit too long', 'a bit too l…'],
  ['😀'.repeat(20), `${'😀'.repeat(11)}…`],
])('%j', (text, shown) => {
  expect(printable(text, 12)).toBe(shown);
});

test('sizes and counts', () => {
  expect([0, 1, 1_024, 1_025, 1_048_576, 12_900_000, 2 ** 30, 2 ** 40 + 1].map(printableSize)).toEqual([
    '0 B',
    '1 B',
    '1 kB',
    '2 kB',
    '1.0 MB',
    '12.4 MB',
    '1.0 GB',
    '1024.1 GB',
  ]);
  expect([0, 1, 12_000].map((count) => printableCount(count, 'message'))).toEqual([
    '0 messages',
    '1 message',
    '12,000 messages',
  ]);
});
