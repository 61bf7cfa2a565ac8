import { expect, test } from 'vitest';
import { Arguments } from './arguments.ts';
import { ParseError } from './parse-error.ts';
import { splitLiterals } from './split-literals.ts';

test('arguments with literals come out as those of a command', () => {
  const args = new Arguments(splitLiterals(Buffer.from('FROM {3}\r\na"b TO {0+}\r\n SUBJECT "x"')));
  expect([args.label(), args.sp().astring()]).toEqual(['FROM', 'a"b']);
  expect([args.sp().label(), args.sp().astring()]).toEqual(['TO', '']);
  expect([args.sp().label(), args.sp().astring(), args.isAtEnd()]).toEqual(['SUBJECT', 'x', true]);
});

test('a literal may hold line ends, and end the arguments', () => {
  const { texts, literals } = splitLiterals(Buffer.from('TEXT ~{6}\r\na\r\n{1}'));
  expect(texts.map(String)).toEqual(['TEXT ', '']);
  expect(literals).toEqual([{ octets: Buffer.from('a\r\n{1}'), binary: true }]);
});

test.for(['SEEN\r\n', 'SEEN\r\nDRAFT', 'FROM {5}\r\nabc', 'FROM {99999999999999999999}\r\nabc', '{1}\r\n', '\r\n'])(
  'a line end without its literal: %j',
  (text) => expect(() => splitLiterals(Buffer.from(text))).toThrow(ParseError),
);

test('cut at every octet, it is arguments or an error', () => {
  const whole = Buffer.from('FROM {4}\r\na\r\nb TO {1}\r\nc');
  for (let end = 0; end < whole.length; end++) {
    try {
      const { texts, literals } = splitLiterals(whole.subarray(0, end));
      expect(texts).toHaveLength(literals.length + 1);
    } catch (error) {
      expect(error).toBeInstanceOf(ParseError);
    }
  }
});
