import { expect, test } from 'vitest';
import { HEADER_SEARCH_OCTETS } from './limits.ts';
import { MissingFields } from './missing-fields.ts';

/** The names of the fields that are added to this message. */
function added(message: string, pieceOctets = message.length): readonly string[] {
  const fields = new MissingFields();
  for (let i = 0; i < message.length; i += pieceOctets) fields.push(Buffer.from(message.slice(i, i + pieceOctets)));
  const text = fields.format('localhost', new Date());
  expect(text === '' || text.endsWith('\r\n')).toBe(true);
  return text
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.slice(0, line.indexOf(':')));
}

test.each([
  ['', ['Message-ID', 'Date']],
  ['Subject: x\r\n\r\nDate: y\r\nMessage-ID: z\r\n', ['Message-ID', 'Date']],
  ['\r\nDate: y\r\n', ['Message-ID', 'Date']],
  ['Date: x\r\n\r\n', ['Message-ID']],
  ['DATE : x\r\nmessage-id:y\r\n', []],
  ['Subject: x\r\n date: folded\r\nMessage-ID: y\r\n\r\n', ['Date']],
  ['X-Date: x\r\nMessage-ID: y\r\n\r\n', ['Date']],
])('%j', (message, names) => {
  expect(added(message)).toEqual(names);
  expect(added(message, 1)).toEqual(names);
});

test('nothing is added to a header section that is too long to look through', () => {
  expect(added(`X: ${'x'.repeat(HEADER_SEARCH_OCTETS)}\r\n\r\n`)).toEqual([]);
});
