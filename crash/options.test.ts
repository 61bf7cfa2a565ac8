import { expect, test } from 'vitest';
import { OptionError, parseOptions } from './options.ts';

test('without options there are 40 rounds, of all targets, with a seed that is told', () => {
  expect(parseOptions([])).toEqual({
    rounds: 40,
    minutes: null,
    seed: expect.any(Number),
    only: null,
    offsets: false,
    keep: false,
  });
});

test('with minutes alone the clock says when it ends', () => {
  expect(parseOptions(['--minutes', '3'])).toMatchObject({ rounds: Number.POSITIVE_INFINITY, minutes: 3 });
  expect(parseOptions(['--minutes', '3', '--rounds', '7'])).toMatchObject({ rounds: 7, minutes: 3 });
});

test('--help asks for nothing else', () => {
  expect(parseOptions(['--help', '--rounds', '7'])).toBeNull();
});

test.each([
  [['--rounds', '0'], '--rounds takes a number from 1 on, not 0'],
  [['--minutes', 'some'], '--minutes takes a number from 1 on, not some'],
  [['--only', 'relay'], '--only takes one of imap, smtp, postgres, supervisor, other, all, not relay'],
  [['--offsets', '--only', 'imap'], '--offsets has rounds of its own'],
  [['--round', '7'], "Unknown option '--round'"],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(OptionError);
  expect(() => parseOptions(args)).toThrow(message);
});
