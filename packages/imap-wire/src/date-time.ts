/** A moment and the zone it was written in: date-time of RFC 9051 §9, what INTERNALDATE is. */
export interface DateTime {
  readonly epochMs: number;
  /** Minutes east of Greenwich. */
  readonly zoneMinutes: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MINUTE_MS = 60_000;
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59Z');

// A one-digit day may go without its space: some clients leave it out, and nothing else can be meant.
const DATE_TIME = /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const DATE = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;

/**
 * Parses a date-time without its quotes, such as ` 7-Feb-1994 21:52:25 -0800`.
 *
 * @returns `null` if it is malformed, no such moment exists, or its year in UTC has not four digits, so that it could not be
 *   told again; second 60, a leap second, is the moment after
 */
export function parseDateTime(text: string): DateTime | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [, day, month, year, hour, minute, second, sign, zoneHour, zoneMinute] = match;
  const dateMs = utcMidnight(Number(year), month ?? '', Number(day));
  if (dateMs === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return null;
  const zone = Number(zoneHour) * 60 + Number(zoneMinute);
  const zoneMinutes = sign === '-' && zone > 0 ? -zone : zone;
  const minutes = Number(hour) * 60 + Number(minute) - zoneMinutes;
  const epochMs = dateMs + minutes * MINUTE_MS + Number(second) * 1000;
  return epochMs < FIRST_MS || epochMs > LAST_MS ? null : { epochMs, zoneMinutes };
}

/**
 * Parses a date-text, such as `1-Feb-1994`: RFC 9051 §9.
 *
 * @returns midnight UTC of that day in milliseconds since 1970, or `null` if it is malformed or no such day exists
 */
export function parseDate(text: string): number | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const [, day, month, year] = match;
  return utcMidnight(Number(year), month ?? '', Number(day));
}

/** Formats a date-time, with its quotes: RFC 9051 §9. Fractions of a second are cut off. */
export function formatDateTime(epochMs: number, zoneMinutes: number): string {
  const local = new Date(epochMs + zoneMinutes * MINUTE_MS);
  const day = String(local.getUTCDate()).padStart(2, ' ');
  const year = String(local.getUTCFullYear()).padStart(4, '0');
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':');
  const zone = Math.abs(zoneMinutes);
  const offset = `${zoneMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(zone / 60))}${twoDigits(zone % 60)}`;
  return `"${day}-${MONTHS[local.getUTCMonth()]}-${year} ${time} ${offset}"`;
}

function utcMidnight(year: number, monthName: string, day: number): number | null {
  const name = monthName.toLowerCase();
  const month = MONTHS.findIndex((known) => known.toLowerCase() === name);
  if (month === -1) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day); // Date.UTC takes the years 0 to 99 for the twentieth century.
  // The 31st of April would have become the 1st of May.
  return date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() : null;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
