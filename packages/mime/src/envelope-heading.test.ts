import { expect, test } from 'vitest';
import { envelope } from './envelope.ts';
import { envelopeHeading } from './envelope-heading.ts';
import { parseMessage } from './message-parser.ts';

const wireOf = (header: string) => envelope(parseMessage(Buffer.from(`${header}\r\n\r\n`)));

test.each([
  ['Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nSubject: plain\r\nFrom: Mary <mary@example.com>', 'plain', 'Mary'],
  ['Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: =?UTF-8?Q?J=C3=BCrgen?= <j@example.com>', 'Grüße', 'Jürgen'],
  ['Subject: a "quoted" \\ word\r\nFrom: mary@example.com, ann@example.com', 'a "quoted" \\ word', 'mary@example.com'],
  ['Subject: Grüße, 8-bit\r\nFrom: "Doe, \\"J\\"" <j@example.com>', 'Grüße, 8-bit', 'Doe, "J"'],
  ['Sender: robot@example.com\r\nSubject: no author', 'no author', ''],
  ['From: mary@example.com', '', 'mary@example.com'],
  ['X-Nothing: at all', '', ''],
])('%j', (header, subject, from) => {
  expect(envelopeHeading(wireOf(header))).toEqual({ subject, from });
});

test('an ENVELOPE cut at any octet gives what is there, or less', () => {
  const wire = wireOf('Subject: a "b" é\r\nFrom: "Ann (x) {3}" <ann@example.com>\r\nTo: b@example.com');
  for (let end = 0; end <= wire.length; end++) {
    const { subject, from } = envelopeHeading(wire.subarray(0, end));
    expect('a "b" é'.startsWith(subject.replace(/\ufffd|Ã$/, ''))).toBe(true);
    expect('Ann (x) {3}'.startsWith(from)).toBe(true);
  }
});
