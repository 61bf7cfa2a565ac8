import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDateTime, parseDate, parseDateTime } from './date-time.ts';

describe('date-time', () => {
  test.each([
    ['17-Jul-1996 02:44:25 -0700', Date.UTC(1996, 6, 17, 9, 44, 25), -420],
    [' 7-feb-1994 21:52:25 +0000', Date.UTC(1994, 1, 7, 21, 52, 25), 0],
    ['7-Feb-1994 21:52:25 -0000', Date.UTC(1994, 1, 7, 21, 52, 25), 0],
    ['29-Feb-2024 00:00:00 +0530', Date.UTC(2024, 1, 28, 18, 30), 330],
    ['31-Dec-2016 23:59:60 +0000', Date.UTC(2017, 0, 1), 0],
    ['01-Jan-0050 00:00:00 +0000', Date.parse('0050-01-01T00:00:00Z'), 0],
    ['31-Dec-9999 23:59:59 +2359', Date.parse('9999-12-31T23:59:59Z') - 1439 * 60_000, 1439],
    ['01-Jan-0000 00:00:00 +0000', Date.parse('0000-01-01T00:00:00Z'), 0],
  ])('%j', (text, epochMs, zoneMinutes) => {
    expect(parseDateTime(text)).toEqual({ epochMs, zoneMinutes });
  });

  test.each([
    '',
    '31-Apr-2024 00:00:00 +0000',
    '29-Feb-2023 00:00:00 +0000',
    '29-Feb-1900 00:00:00 +0000',
    '00-Jan-2024 00:00:00 +0000',
    '32-Jan-2024 00:00:00 +0000',
    '01-Foo-2024 00:00:00 +0000',
    '01-Jan-24 00:00:00 +0000',
    '01-Jan-2024 24:00:00 +0000',
    '01-Jan-2024 00:60:00 +0000',
    '01-Jan-2024 00:00:61 +0000',
    '01-Jan-2024 00:00:00 +2400',
    '01-Jan-2024 00:00:00 +0060',
    '01-Jan-2024 00:00:00 GMT',
    '01-Jan-2024 00:00:00',
    '01-Jan-2024 0:00:00 +0000',
    '01-Jan-2024 00:00:00 +0000 ',
    '  1-Jan-2024 00:00:00 +0000',
    '31-Dec-9999 23:59:59 -0001',
    '31-Dec-9999 23:59:60 +0000',
    '01-Jan-0000 00:00:00 +0001',
  ])('%j is none', (text) => {
    expect(parseDateTime(text)).toBeNull();
  });

  test('is formatted with its quotes, and comes back', () => {
    expect(formatDateTime(Date.UTC(1996, 6, 7, 9, 44, 25, 999), -420)).toBe('" 7-Jul-1996 02:44:25 -0700"');
    expect(formatDateTime(Date.UTC(2024, 1, 28, 18, 30), 330)).toBe('"29-Feb-2024 00:00:00 +0530"');
    fc.assert(
      fc.property(
        fc.integer({ min: -62_000_000_000, max: 253_000_000_000 }),
        fc.integer({ min: -1439, max: 1439 }),
        (seconds, zoneMinutes) => {
          const text = formatDateTime(seconds * 1000, zoneMinutes);
          expect(parseDateTime(text.slice(1, -1))).toEqual({ epochMs: seconds * 1000, zoneMinutes });
        },
      ),
    );
  });
});

test('date', () => {
  expect(parseDate('1-Feb-1994')).toBe(Date.UTC(1994, 1, 1));
  expect(parseDate('01-FEB-1994')).toBe(Date.UTC(1994, 1, 1));
  for (const none of ['', '30-Feb-2024', '001-Feb-1994', '1-Feb-94', '1-February-1994', ' 1-Feb-1994', '1-Feb-1994 ']) {
    expect(parseDate(none), none).toBeNull();
  }
});
