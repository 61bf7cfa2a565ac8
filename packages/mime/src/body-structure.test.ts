import { describe, expect, test } from 'vitest';
import { body, bodyStructure } from './body-structure.ts';
import { limits } from './limits.ts';
import { parseMessage } from './message-parser.ts';
import { isBody, readWire } from './testing/read-wire.ts';

function rootOf(message: string) {
  return parseMessage(Buffer.from(message, 'latin1')).root;
}

/** The wire form, judged by the grammar in both forms. */
function structureOf(message: string): string {
  const root = rootOf(message);
  expect(isBody(readWire(bodyStructure(root)), true)).toBe(true);
  expect(isBody(readWire(body(root)), false)).toBe(true);
  return bodyStructure(root).toString('latin1');
}

test('BODY of the example in RFC 3501 §7.4.2', () => {
  const text = (lines: number, size: number) => `${'\r\n'.repeat(lines)}${'x'.repeat(size - 2 * lines)}`;
  const message = [
    'Content-Type: MULTIPART/MIXED; boundary=b',
    '',
    '--b',
    'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
    'Content-Transfer-Encoding: 7BIT',
    '',
    text(23, 1152),
    '--b',
    'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"',
    'Content-ID: <960723163407.20117h@cac.washington.edu>',
    'Content-Description: Compiler diff',
    'Content-Transfer-Encoding: BASE64',
    '',
    text(73, 4554),
    '--b--',
    '',
  ].join('\r\n');
  expect(body(rootOf(message)).toString()).toBe(
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)' +
      '("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" ' +
      '"Compiler diff" "BASE64" 4554 73) "MIXED")',
  );
});

test.each([
  [
    'no Content-Type',
    'Subject: x\r\n\r\na\r\nb\r\n',
    '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 2 NIL NIL NIL NIL)',
  ],
  ['empty', '', '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'],
  ['only a header', 'Subject: x', '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'],
  [
    'invalid Content-Type (RFC 2045 §5.2)',
    'Content-Type: html\n\nx',
    '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL)',
  ],
  [
    'text without charset',
    'Content-Type: text/html; a=b\n\n',
    '("text" "html" ("a" "b" "charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)',
  ],
  ['no text', 'Content-Type: image/png\n\nx\n', '("image" "png" NIL NIL NIL "7bit" 2 NIL NIL NIL NIL)'],
  [
    'all extension data',
    'Content-Type: a/b\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-Disposition: attachment; filename=x; size="1"\n' +
      'Content-Language: en, de\nContent-Location: http://x/\nContent-ID:\nContent-Description: \xe9\n\n',
    '("a" "b" NIL NIL {1}\r\n\xe9 "7bit" 0 "Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("filename" "x" "size" "1")) ("en" "de") "http://x/")',
  ],
  [
    'extension data of a multipart',
    'Content-Type: multipart/mixed; boundary="a b"\nContent-Disposition: inline\nContent-Language: en\nContent-Location: l\n\n--a b\n\n--a b--',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "a b") ("inline" NIL) ("en") "l")',
  ],
  [
    'multipart without parts, as Dovecot and Cyrus send it',
    'Content-Type: multipart/mixed; boundary=b\n\nno delimiter\n',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
  ],
  [
    'multipart without boundary',
    'Content-Type: multipart/mixed\n\n--\n\n--\n',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)',
  ],
  [
    'embedded message',
    'Content-Type: message/rfc822\n\nSubject: in\nFrom: a@b\n\nx\n',
    '("message" "rfc822" NIL NIL NIL "7bit" 25 (NIL "in" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 2 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL)',
  ],
  [
    'empty embedded message',
    'Content-Type: message/global\n\n',
    '("message" "global" NIL NIL NIL "7bit" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL)',
  ],
  [
    'encoded embedded message (RFC 2045 §6.4)',
    'Content-Type: message/rfc822; name=x.eml\nContent-Transfer-Encoding: Base64\n\nRnJvbTogYQ==\n',
    '("application" "octet-stream" ("name" "x.eml") NIL NIL "Base64" 13 NIL NIL NIL NIL)',
  ],
  [
    'other kinds of message',
    'Content-Type: message/delivery-status\n\nx',
    '("message" "delivery-status" NIL NIL NIL "7bit" 1 NIL NIL NIL NIL)',
  ],
  [
    'digest (RFC 2046 §5.1.5)',
    'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n--b\nContent-Type: junk\n\n--b--',
    '(("message" "rfc822" NIL NIL NIL "7bit" 10 (NIL "x" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL)' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "digest" ("boundary" "b") NIL NIL NIL)',
  ],
])('%s', (_, message, wire) => {
  expect(structureOf(message)).toBe(wire);
});

describe('limits', () => {
  test('addresses of all embedded envelopes together', () => {
    const inner = `Content-Type: message/rfc822\n\nTo: ${'a@b,'.repeat(5_000)}\n`;
    const wire = structureOf(inner.repeat(20));
    expect(wire.split('(NIL NIL "a" "b")').length - 1).toBe(limits.addresses);
  });

  test.each([
    ['multiparts', (i: number) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`],
    ['multiparts of one boundary', () => 'Content-Type: multipart/mixed; boundary=b\n\n--b\n'],
    ['embedded messages', () => 'Content-Type: message/rfc822\n\n'],
    [
      'both',
      (i: number) =>
        i % 2 ? 'Content-Type: message/rfc822\n\n' : `Content-Type: multipart/digest; boundary=${i}\n\n--${i}\n`,
    ],
  ])('hardening 30: 100,000 nested %s', (_, level) => {
    const wire = structureOf(Array.from({ length: 100_000 }, (_, i) => level(i)).join(''));
    expect(wire.length).toBeLessThan(1_000_000);
    expect(wire).toContain('"octet-stream"');
  });

  test('hardening 30: a million empty parts', () => {
    const { children } = rootOf(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(1_000_000)}`);
    expect(children).toHaveLength(limits.parts - 1);
  });
});
