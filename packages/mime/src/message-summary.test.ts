import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { parseMessage } from './message-parser.ts';
import { messageSummary } from './message-summary.ts';

const summaryOf = (header: string | Buffer) => messageSummary(parseMessage(Buffer.from(header)).fields);

test('a message in a list: decoded, on one line', () => {
  const summary = summaryOf(
    [
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_aus_K=C3=B6ln?=',
      'From: =?iso-8859-1?q?J=FCrgen?= "van den" Berg <juergen@EXAMPLE.com>',
      'To: ann@example.com, "Smith, Bob" <bob@Example.ORG>,',
      '\tFriends: Carl <carl@example.net>, dora@example.net;',
      'Cc: Nobody',
      'Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)',
      'Message-ID: <one@example.com>\r\n\r\n',
    ].join('\r\n'),
  );
  expect(summary).toEqual({
    subject: 'Grüße aus Köln',
    from: ['Jürgen van den Berg <juergen@example.com>'],
    to: ['ann@example.com', 'Smith, Bob <bob@example.org>', 'Carl <carl@example.net>', 'dora@example.net'],
    cc: ['Nobody'],
    sentAt: Date.UTC(1994, 1, 8, 5, 52, 25),
    messageId: 'one@example.com',
  });
});

test('nothing is there of what a header lacks', () => {
  expect(summaryOf('\r\nbody')).toEqual({ subject: '', from: [], to: [], cc: [], sentAt: null, messageId: '' });
});

test.each([
  ['From: "Mary Smith"', ['Mary Smith <>']],
  ['From: "a <evil@example.com>" <mary@example.com>', ['a <evil@example.com> <mary@example.com>']],
  ['From: "mary<x>"@example.com', ['maryx@example.com']],
  ['From: Pelé@example.com', ['Pelé@example.com']],
  ['From: a@example.com\r\nFrom: b@example.com', ['a@example.com', 'b@example.com']],
  ['From: =?utf-8?q?=00=0D=0ABcc=3A_x?= <a@example.com>', ['Bcc: x <a@example.com>']],
  [`From: ${'x'.repeat(400)}@example.com, b@example.com`, ['b@example.com']],
])('%s', (header, from) => {
  expect(summaryOf(`${header}\r\n\r\n`).from).toEqual(from);
});

test('hardening 34: long fields are cut, addresses never', () => {
  const { subject, to } = summaryOf(
    `Subject: ${'😀'.repeat(2_000)}\r\nTo: ${Array.from({ length: 5_000 }, (_, n) => `a${n}@example.com`).join(', ')}\r\n\r\n`,
  );
  expect(subject.length).toBe(limits.summaryCharacters);
  expect(to).toHaveLength(limits.summaryAddresses);
  expect(to.at(-1)).toBe('a99@example.com');
});

test('whatever the header is, Postgres takes the text, and an address is found at the end of its entry', () => {
  fc.assert(
    fc.property(fc.constantFrom('Subject', 'From', 'To', 'Message-ID'), fc.uint8Array(), (name, octets) => {
      const { subject, messageId, from, to } = summaryOf(Buffer.concat([Buffer.from(`${name}: `), octets]));
      for (const text of [subject, messageId, ...from, ...to]) {
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/[\x00-\x1f\x7f]/);
      }
      for (const entry of [...from, ...to]) expect(entry).toMatch(/^[^<>\s]+$| <[^<>\s]*>$/);
    }),
  );
});
