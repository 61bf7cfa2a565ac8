import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotStuffing, stuffDots } from './dot-stuffing.ts';

const text = fc
  .array(fc.constantFrom('.', '\r\n', 'a', '\r\n.', '..'), { maxLength: 12 })
  .map((parts) => parts.join(''));

test.each([
  ['', '.\r\n'],
  ['.', '..\r\n.\r\n'],
  ['a\r\n.\r\nb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['a\r\n', 'a\r\n.\r\n'],
])('%j goes as %j', (message, sent) => {
  const stuffing = new DotStuffing();
  expect(Buffer.concat([stuffing.push(Buffer.from(message)), stuffing.end()]).toString()).toBe(sent);
});

test('hardening 8: wherever a message is cut, nothing in it ends the data', () => {
  fc.assert(
    fc.property(text, fc.nat(40), fc.nat(40), (message, first, second) => {
      const octets = Buffer.from(message);
      const [from, to] = [Math.min(first, second), Math.max(first, second)];
      const stuffing = new DotStuffing();
      const pieces = [octets.subarray(0, from), octets.subarray(from, to), octets.subarray(to)];
      const sent = Buffer.concat(pieces.map((piece) => stuffing.push(piece))).toString();
      expect(sent).toBe(stuffDots(octets).toString());
      expect(`${sent}${stuffing.end()}`.indexOf('\r\n.\r\n')).toBe(
        `${sent}${stuffing.end()}`.length === 3 ? -1 : `${sent}${stuffing.end()}`.length - 5,
      );
    }),
  );
});
