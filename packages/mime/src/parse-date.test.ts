import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDate, parseDateTime } from './parse-date.ts';

const dayOf = (value: string): string | null => {
  const date = parseDate(value);
  return date === null ? null : new Date(date).toISOString().slice(0, 10);
};

test.each([
  ['Mon, 7 Feb 1994 21:52:25 -0800', '1994-02-07'],
  ['7 Feb 1994 21:52:25 -0800', '1994-02-07'],
  ['07 feb 1994 21:52 +0000', '1994-02-07'],
  // The author's own day, whatever it was elsewhere.
  ['Mon, 7 Feb 1994 23:59:59 -1200', '1994-02-07'],
  ['Mon, 7 Feb 1994 00:00:00 +1400', '1994-02-07'],
  // RFC 5322 §4.3 and appendix A.6.
  ['21 Nov 97 09:55:06 GMT', '1997-11-21'],
  ['21 Nov 49 09:55:06 EST', '2049-11-21'],
  ['21 Nov 50 09:55:06 A', '1950-11-21'],
  ['21 Nov 101 09:55:06 GMT', '2001-11-21'],
  ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21'],
  ['(one) Fri (two), (three \\) (nested)) 21 (four) Nov (five) 1997 9:55', '1997-11-21'],
  // What careless programs write.
  ['Fri 21 Nov 1997 09:55:06', '1997-11-21'],
  ['Friday, 21-Nov-97 09:55:06 GMT', '1997-11-21'],
  ['21 November 1997', '1997-11-21'],
  ['21 Nov 1997, whenever', '1997-11-21'],
  ['Wed, 21 Nov 1997 09:55:06 +0000', '1997-11-21'],
  ['29 Feb 2000 00:00:00 Z', '2000-02-29'],
  ['1 Jan 0001 00:00:00 Z', '0001-01-01'],
])('%s', (value, expected) => {
  expect(dayOf(value)).toBe(expected);
});

test.each([
  '',
  'Mon,',
  'yesterday',
  '1994-02-07',
  '29 Feb 2001 00:00:00 Z',
  '31 Apr 2001 00:00:00 Z',
  '0 Jan 2001 00:00:00 Z',
  '32 Jan 2001 00:00:00 Z',
  '1 Foo 2001 00:00:00 Z',
  '1 Jan 0000 00:00:00 Z',
  '1 Jan 20011 00:00:00 Z',
  '1 Jan 1 00:00:00 Z',
  '1 Jan +200 00:00:00 Z',
  '001 Jan 2001 00:00:00 Z',
  'one two 1 Jan 2001',
  '(1 Jan 2001',
])('%j names no day', (value) => {
  expect(parseDate(value)).toBeNull();
});

test('hardening 34: any octets are taken, however many', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => void parseDate(value)));
  const octets = ['(', '\\', ',', '-', ' ', '1', 'Jan '].map((piece) => piece.repeat(100_000));
  for (const value of octets) expect(parseDate(value)).toBeNull();
});

test.each([
  ['Mon, 7 Feb 1994 21:52:25 -0800', '1994-02-08T05:52:25.000Z'],
  ['7 Feb 1994 21:52 +0530', '1994-02-07T16:22:00.000Z'],
  ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06.000Z'],
  ['21 Nov 97 09:55:06 EST', '1997-11-21T14:55:06.000Z'],
  ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z'],
  ['Friday, 21-Nov-97 09:55:06 GMT', '1997-11-21T09:55:06.000Z'],
  ['21 Nov 1997, 09:55', '1997-11-21T09:55:00.000Z'],
  ['31 Dec 2016 23:59:60 +0000', '2017-01-01T00:00:00.000Z'],
  // What cannot be read.
  ['21 Nov 1997', '1997-11-21T00:00:00.000Z'],
  ['21 Nov 1997 25:00:00 -0800', '1997-11-21T00:00:00.000Z'],
  ['21 Nov 1997 09:55:06 CEST', '1997-11-21T09:55:06.000Z'],
  ['21 Nov 1997 09:55:06 +00:99', '1997-11-21T09:55:06.000Z'],
  ['21 Nov 1997 09:55:06 -0160', '1997-11-21T09:55:06.000Z'],
])('the moment %s', (value, expected) => {
  expect(new Date(parseDateTime(value) ?? 0).toISOString()).toBe(expected);
});

test('without a day there is no moment', () => {
  expect(parseDateTime('21:52:25 -0800')).toBeNull();
});
