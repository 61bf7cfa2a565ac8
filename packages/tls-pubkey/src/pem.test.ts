import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPem, parsePem } from './pem.ts';

const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

test('what is written is read, with other text around it', () => {
  fc.assert(
    fc.property(octets, octets, (first, second) => {
      const text = `subject=/CN=x\n${formatPem('CERTIFICATE', first)}\n  -----\n${formatPem('PRIVATE KEY', second)}`;
      expect(parsePem(text)).toEqual([
        { label: 'CERTIFICATE', octets: first },
        { label: 'PRIVATE KEY', octets: second },
      ]);
    }),
  );
});

test('lines have 64 characters, and may end in any way', () => {
  const text = formatPem('X', Buffer.alloc(60));
  expect(text.split('\n').map((line) => line.length)).toEqual([17, 64, 16, 15, 0]);
  expect(parsePem(text.replaceAll('\n', '\r\n'))).toEqual([{ label: 'X', octets: Buffer.alloc(60) }]);
});

test.each([
  ['no end', '-----BEGIN X-----\nAAAA\n'],
  ['no end of the label', '-----BEGIN X'],
  ['another end', '-----BEGIN X-----\nAAAA\n-----END Y-----\n'],
  ['no beginning', 'AAAA\n-----END X-----\n'],
])('%s: no block', (_, text) => {
  expect(parsePem(text)).toEqual([]);
});

test('a block that does not end does not hide the next', () => {
  const text = `-----BEGIN X-----\nAAAA\n${formatPem('Y', Buffer.of(1))}`;
  expect(parsePem(text)).toEqual([{ label: 'Y', octets: Buffer.of(1) }]);
});
