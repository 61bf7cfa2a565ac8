import { expect, test } from 'vitest';
import { columnsOf, nameOf, sumsOf } from '../../ui/src/admin/charts/periods.ts';

const HOUR_MS = 3_600_000;
/** A Thursday. */
const since = Date.parse('2026-10-22T21:00:00Z');

test('a day has a column for each hour, named by the clock of whoever looks', () => {
  const columns = columnsOf('day', since, 24, 'en-GB', 'Asia/Kolkata');
  expect(columns).toHaveLength(24);
  expect(columns.flatMap(({ tick }) => (tick === null ? [] : [tick]))).toEqual(['06:30', '12:30', '18:30', '00:30']);
  expect(nameOf(columns[0] ?? fail(), 'day', 'en-GB', 'Asia/Kolkata')).toBe('Fri 02:30 to 03:30');
});

test('a week has four columns a day, and begins with a whole one', () => {
  const columns = columnsOf('week', since, 168, 'en-GB', 'Etc/UTC');
  expect(columns).toHaveLength(28);
  expect(columns[0]).toEqual({
    from: 3,
    to: 9,
    start: since + 3 * HOUR_MS,
    end: since + 9 * HOUR_MS,
    tick: 'Fri',
  });
  expect(columns.filter(({ tick }) => tick !== null).map(({ tick }) => tick)).toEqual([
    'Fri',
    'Sat',
    'Sun',
    'Mon',
    'Tue',
    'Wed',
    'Thu',
  ]);
});

test('a month has a column a day of 23, 24 or 25 hours, and every hour in one of them', () => {
  const columns = columnsOf('month', since, 720, 'en-GB', 'Europe/Berlin');
  // Berlin turns its clocks back on 25 October 2026.
  expect(columns.map(({ from, to }) => to - from).slice(0, 3)).toEqual([24, 24, 25]);
  const [first] = columns;
  expect(new Date(first?.start ?? 0).toISOString()).toBe('2026-10-22T22:00:00.000Z');
  expect(nameOf(first ?? fail(), 'month', 'en-GB', 'Europe/Berlin')).toBe('Fri 23 October');
  expect(columns.find(({ tick }) => tick !== null)?.tick).toBe('26 Oct');
  const hourly = Array.from({ length: 720 }, (_, i) => i);
  const left = hourly.slice(first?.from).reduce((sum, count) => sum + count, 0);
  expect(sumsOf(columns, hourly).reduce((sum, count) => sum + count, 0)).toBe(left);
});

function fail(): never {
  throw new Error('there is no column');
}
