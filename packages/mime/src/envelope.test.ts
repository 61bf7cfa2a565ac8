import { describe, expect, test } from 'vitest';
import { envelope } from './envelope.ts';
import { limits } from './limits.ts';
import { parseMessage } from './message-parser.ts';
import { isEnvelope, readWire, type WireValue } from './testing/read-wire.ts';

function envelopeOf(message: string): string {
  return envelope(parseMessage(Buffer.from(message, 'latin1'))).toString('latin1');
}

function members(message: string): readonly WireValue[] {
  const value = readWire(envelope(parseMessage(Buffer.from(message, 'latin1'))));
  expect(isEnvelope(value)).toBe(true);
  return Array.isArray(value) ? value : [];
}

test('the example of RFC 9051 §8', () => {
  const message = `Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.ed>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

`;
  expect(envelopeOf(message)).toBe(
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ' +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.ed>")',
  );
});

describe('RFC 9051 §7.5.2', () => {
  test('absent is NIL, present but empty is the empty string, for text fields', () => {
    expect(envelopeOf('')).toBe('(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)');
    expect(envelopeOf('Date:\nSubject: \nIn-Reply-To:\n \nMessage-ID:\n\n')).toBe(
      '("" "" NIL NIL NIL NIL NIL NIL "" "")',
    );
  });

  test('empty address fields are NIL, and Sender and Reply-To default to From', () => {
    const from = '((NIL NIL "a" "b"))';
    expect(envelopeOf('From: a@b\nSender:\nReply-To: (none)\nTo:\nCc: ,\nBcc: \n\n')).toBe(
      `(NIL NIL ${from} ${from} ${from} NIL NIL NIL NIL NIL)`,
    );
    expect(envelopeOf('From: a@b\nSender: c@d\nReply-To: e@f\n\n')).toBe(
      `(NIL NIL ${from} ((NIL NIL "c" "d")) ((NIL NIL "e" "f")) NIL NIL NIL NIL NIL)`,
    );
  });

  test('groups', () => {
    expect(members('To: a group: b@c;, undisclosed-recipients:;\n\n')[5]).toEqual([
      [null, null, 'a group', null],
      [null, null, 'b', 'c'],
      [null, null, null, null],
      [null, null, 'undisclosed-recipients', null],
      [null, null, null, null],
    ]);
  });
});

test('values are unfolded, not decoded; 8-bit ones are literals', () => {
  expect(members('Subject:\r\n =?utf-8?Q?a?=\r\n\t=?utf-8?Q?b?= \r\n\r\n')[1]).toBe('=?utf-8?Q?a?=\t=?utf-8?Q?b?=');
  expect(envelopeOf('Subject: caf\xc3\xa9\n\n')).toBe('(NIL {5}\r\ncaf\xc3\xa9 NIL NIL NIL NIL NIL NIL NIL NIL)');
  expect(members('Subject: a\0b\rc\n\n')[1]).toBe('a?b\rc');
});

test('of repeated text fields the first counts, repeated address fields are one list', () => {
  const [, subject, from] = members('Subject: one\nSubject: two\nFrom: a@b\nFrom: "c@d\nFROM: e@f\n\n');
  expect(subject).toBe('one');
  expect(from).toEqual([
    [null, null, 'a', 'b'],
    ['c@d', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN'],
    [null, null, 'e', 'f'],
  ]);
});

test('field names in any case, with space before the colon; nothing else resembles them', () => {
  expect(members('DATE : now\nsUbJeCt: x\n__proto__: y\nconstructor: z\nno colon\nTo\n\n').slice(0, 2)).toEqual([
    'now',
    'x',
  ]);
});

test('the header ends at the blank line', () => {
  expect(members('Subject: x\n\nFrom: a@b\n')[2]).toBeNull();
});

describe('limits', () => {
  test('hardening 28: 500,000 To fields', () => {
    expect(members(`${'To: a@b\n'.repeat(500_000)}\n`)[5]).toHaveLength(limits.headerFields);
  });

  test('hardening 28: a million addresses in one field', () => {
    expect(members(`To: ${'a@b,'.repeat(1_000_000)}\n\n`)[5]).toHaveLength(limits.addresses);
  });

  test('hardening 28: a million group nestings', () => {
    expect(members(`To: ${'g:,'.repeat(1_000_000)}\n\n`)[5]).toHaveLength(limits.addresses);
  });

  test('hardening 29: 10,000 folds', () => {
    expect(members(`Subject: a${'\r\n b'.repeat(4_000)}\r\nTo: ${'\r\n a@b,'.repeat(10_000)}\r\n\r\n`)).toMatchObject({
      1: `a${' b'.repeat(4_000)}`,
      5: { length: limits.addresses },
    });
  });

  test('a header cut at the limit shortens no address', () => {
    const to = members(`To: ${'user@host.example.com, '.repeat(20_000)}\n\n`)[5];
    expect(new Set(Array.isArray(to) ? to.map((address) => JSON.stringify(address)) : [])).toEqual(
      new Set(['[null,null,"user","host.example.com"]']),
    );
  });
});
