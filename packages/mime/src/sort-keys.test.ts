import { expect, test } from 'vitest';
import { parseMessage } from './message-parser.ts';
import { sortKeys } from './sort-keys.ts';

const keysOf = (...lines: readonly string[]) =>
  sortKeys(parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)).fields);

test('of each address field the first address counts: its local part, and what people read', () => {
  expect(
    keysOf(
      'Subject: =?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=',
      'From: =?utf-8?q?J=C3=B6rg?= <zoe@example.com>, Ann <ann@example.com>',
      'To: mary@Example.com',
      'Cc: friends: bob@example.com, ann@example.com;',
    ),
  ).toEqual({
    subject: 'GRU\u0308ßE',
    from: 'ZOE',
    to: 'MARY',
    cc: 'FRIENDS',
    displayFrom: 'JO\u0308RG',
    displayTo: 'MARY@EXAMPLE.COM',
    isReplyOrForward: true,
  });
});

test.each([
  ['X: none', ''],
  ['From:', ''],
  ['From: <>', 'MISSING_MAILBOX@MISSING_DOMAIN'],
  ['From: Ann <>', 'ANN'],
  ['From: "" <ann@example.com>', 'ANN@EXAMPLE.COM'],
  ['From: =?utf-8?q??= <ann@example.com>', 'ANN@EXAMPLE.COM'],
  ['From: ann', 'ANN@MISSING_DOMAIN'],
  ['From: @example.com', 'MISSING_MAILBOX@EXAMPLE.COM'],
  ['From: friends:;', 'FRIENDS'],
  ['From:\r\nFrom: ann@example.com', 'ANN@EXAMPLE.COM'],
])('%j is shown as %j', (field, shown) => {
  expect(keysOf(field).displayFrom).toBe(shown);
});
