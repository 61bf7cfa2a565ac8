import { expect, test } from 'vitest';
import { textOf } from './reply-parser.ts';

test('hardening 59: of a reply of 50 kB as much is shown as people read, and nothing that a terminal obeys', () => {
  expect(textOf({ code: 550, lines: ['5.1.1 No', '\x1b[2J'] })).toBe('550 5.1.1 No ?[2J');
  const lines = Array.from({ length: 100 }, () => 'x'.repeat(500));
  expect(textOf({ code: 550, lines }).length).toBe(1_000);
});
