/** How long a time charts are of. */
export type Period = 'day' | 'week' | 'month';

/** What one column of a chart stands for, in the zone of whoever looks. */
export interface Column {
  /** Of the hours that the server has counted: the first, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** When it began and when it is over. Epoch ms. */
  readonly start: number;
  readonly end: number;
  /** What stands below it; null: nothing. */
  readonly tick: string | null;
}

const HOUR_MS = 3_600_000;
/** Of a week, a day is four columns. */
const QUARTER_HOURS = 6;

/**
 * Gathers hours into columns: hours of a day, quarters of the days of a week, days of a month. Where the zone is half an hour beside UTC,
 * so are its days. A column that began before the first hour is left out, but for those of one hour.
 *
 * @param since when the first hour began, in epoch ms
 * @param timeZone the browser's, if not given
 */
export function columnsOf(
  period: Period,
  since: number,
  hours: number,
  locale: string,
  timeZone?: string,
): readonly Column[] {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    weekday: 'short',
  });
  const labels = new Intl.DateTimeFormat(locale, { timeZone, ...LABELS[period] });
  const columns: { from: number; to: number; start: number; end: number; tick: string | null }[] = [];
  let before = '';
  for (let i = 0; i < hours; i++) {
    const start = since + i * HOUR_MS;
    const at = new Map(clock.formatToParts(start).map(({ type, value }) => [type, value]));
    const day = `${at.get('year')}-${at.get('month')}-${at.get('day')}`;
    const hour = Number(at.get('hour'));
    const key = period === 'day' ? String(i) : period === 'week' ? `${day} ${Math.floor(hour / QUARTER_HOURS)}` : day;
    const last = columns.at(-1);
    if (key === before && last !== undefined) {
      last.to = i + 1;
      last.end = start + HOUR_MS;
    } else {
      const hasTick =
        period === 'day' ? hour % QUARTER_HOURS === 0 : period === 'week' ? hour === 0 : at.get('weekday') === 'Mon';
      columns.push({ from: i, to: i + 1, start, end: start + HOUR_MS, tick: hasTick ? labels.format(start) : null });
    }
    before = key;
  }
  return columns.filter(({ start }, i) => i > 0 || period === 'day' || isWhole(start, period, clock));
}

const LABELS = {
  day: { hour: '2-digit', minute: '2-digit' },
  week: { weekday: 'short' },
  month: { day: 'numeric', month: 'short' },
} as const satisfies Record<Period, Intl.DateTimeFormatOptions>;

/** Whether a column begins where its time does, and not with the first hour that was counted. */
function isWhole(start: number, period: Period, clock: Intl.DateTimeFormat): boolean {
  const hour = Number(clock.formatToParts(start).find(({ type }) => type === 'hour')?.value);
  return hour % (period === 'week' ? QUARTER_HOURS : 24) === 0;
}

/** What there was in each column. */
export const sumsOf = (columns: readonly Column[], hourly: readonly number[]): readonly number[] =>
  columns.map(({ from, to }) => hourly.slice(from, to).reduce((sum, count) => sum + count, 0));

/** Which time a column stands for, in words: no other column of a chart has the same. */
export function nameOf({ start, end }: Column, period: Period, locale: string, timeZone?: string): string {
  if (period === 'month')
    return new Intl.DateTimeFormat(locale, { timeZone, weekday: 'short', day: 'numeric', month: 'long' }).format(start);
  const times = new Intl.DateTimeFormat(locale, {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const until = new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit' });
  return `${times.format(start)} to ${until.format(end)}`;
}
