import { expect, test } from 'vitest';
import { UsageError } from './command-error.ts';
import { formatMoment, parseMoment, parseUntil } from './moment.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

test.each([
  ['30m', NOW - 30 * 60_000],
  ['2h', NOW - 2 * 3_600_000],
  ['3d', NOW - 3 * 86_400_000],
  ['1w', NOW - 7 * 86_400_000],
  ['2026-11-22T10:30Z', Date.UTC(2026, 10, 22, 10, 30)],
  ['2026-11-22T10:30:15.5+01:00', Date.UTC(2026, 10, 22, 9, 30, 15, 500)],
  ['2026-11-22 10:30', new Date(2026, 10, 22, 10, 30).getTime()],
  ['2026-11-22', new Date(2026, 10, 22).getTime()],
])('%s', (text, moment) => {
  expect(parseMoment('since', text, NOW)).toBe(moment);
});

test.each(['', 'yesterday', '2', '2y', '-2h', '1.5h', '2026', '22.11.2026', '2026-13-01', '2026-11-22T25:00', '10:30'])(
  '%j is no moment',
  (text) => {
    expect(() => parseMoment('since', text, NOW)).toThrow(UsageError);
  },
);

test('a moment that is shown can be typed again', () => {
  const moment = new Date(2026, 0, 2, 3, 4);
  expect(formatMoment(moment)).toBe('2026-01-02 03:04');
  expect(parseMoment('since', formatMoment(moment))).toBe(moment.getTime());
});

test.each([
  ['12h', NOW + 12 * 3_600_000],
  ['90d', NOW + 90 * 86_400_000],
  ['2026-11-23', new Date(2026, 10, 23).getTime()],
  ['2027-06-30T18:30Z', Date.UTC(2027, 5, 30, 18, 30)],
])('until %s', (text, moment) => {
  expect(parseUntil('expires', text, NOW)).toBe(moment);
});

test.each(['', '0d', '2026-11-22', '2026-11-22T12:00Z', 'tomorrow', '90'])('%j is no moment to come', (text) => {
  expect(() => parseUntil('expires', text, NOW)).toThrow(UsageError);
});
