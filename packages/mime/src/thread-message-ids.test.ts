import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { parseMessage } from './message-parser.ts';
import { baseSubject, threadMessageIds, threadReferences } from './thread-message-ids.ts';

const idsOf = (header: string) => threadMessageIds(parseMessage(Buffer.from(`${header}\r\n\r\n`)).fields);

test('a message, what it answers, and its references from the last to the first', () => {
  expect(
    idsOf('Message-ID: <d@x>\r\nIn-Reply-To: Your message <c@x>\r\nReferences: <a@x>\r\n <b@x>(so)\r\n\t<c@x>'),
  ).toEqual(['d@x', 'c@x', 'b@x', 'a@x']);
});

test.each([
  ['Subject: none', []],
  ['Message-ID: one@x', ['one@x']],
  ['Message-ID: <one\r\n\ttwo@x>', ['onetwo@x']],
  ['Message-ID: <>', []],
  ['Message-ID: not one', []],
  [`Message-ID: <${'a'.repeat(999)}>`, []],
  ['In-Reply-To: <a@x> <b@x>', ['a@x', 'b@x']],
])('%s', (header, ids) => {
  expect(idsOf(header)).toEqual(ids);
});

test('hardening 34: of many references the nearest count, and the first', () => {
  const references = Array.from({ length: 1_000 }, (_, n) => `<${n}@x>`);
  const ids = idsOf(`Message-ID: <me@x>\r\nReferences: ${references.join(' ')}`);
  expect(ids).toHaveLength(limits.threadMessageIds);
  expect(ids.slice(0, 3)).toEqual(['me@x', '999@x', '998@x']);
  expect(ids.at(-1)).toBe('0@x');
});

test.each([
  ['Lunch', 'Re: Lunch'],
  ['Lunch', 'RE: [family] Re[2]: lunch (fwd)'],
  ['Lunch today', 'Re:  Lunch\ttoday'],
  ['Mittagessen', 'AW: WG: Mittagessen'],
  ['午餐', '回复:午餐'],
  ['', ''],
  ['Re:', 'Re: '],
])('%j and %j are one subject', (one, other) => {
  expect(baseSubject(other)).toBe(baseSubject(one));
});

test.each([
  ['Lunch', 'Dinner'],
  ['Minutes: May', 'Minutes: June'],
  ['[1]', '[2]'],
])('%j and %j are two', (one, other) => {
  expect(baseSubject(other)).not.toBe(baseSubject(one));
});

const referencesOf = (header: string) => threadReferences(parseMessage(Buffer.from(`${header}\r\n\r\n`)).fields);

test.each([
  ['Message-ID: <b@x>\r\nReferences: <a@x>', 'b@x', ['a@x']],
  ['Message-ID: <"b"@x>\r\nReferences: <"a\\"c"@x>', 'b@x', ['a"c@x']],
  ['In-Reply-To: <a@x> <b@x>', null, ['a@x']],
  ['References: none here\r\nIn-Reply-To: your message <a@x>', null, ['a@x']],
  ['References: <a@x> <b@x>\r\nIn-Reply-To: <c@x>', null, ['a@x', 'b@x']],
  ['Message-ID: <>', null, []],
])('RFC 5256 §3: %j', (header, messageId, references) => {
  expect(referencesOf(header)).toEqual({ messageId, references });
});

test('hardening 34: of references without end the eldest counts, and those next to the message', () => {
  const all = Array.from({ length: 10_000 }, (_, n) => `<${n}@example.com>`);
  const { references } = referencesOf(`References: ${all.join('\r\n ')}`);
  expect(references).toHaveLength(limits.references);
  expect([references[0], references[1], references.at(-1)]).toEqual([
    '0@example.com',
    '9801@example.com',
    '9999@example.com',
  ]);
});
