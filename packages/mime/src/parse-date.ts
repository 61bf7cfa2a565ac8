import { FieldScanner, octetsExcept } from './field-scanner.ts';
import { lowerCase, type OctetString } from './octet-string.ts';

const COMMA = 0x2c;
const PLUS = 0x2b;
const COLON = 0x3a;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Obsolete names of zones, in hours (RFC 5322 §4.3). Any other name is unknown, which counts as UTC. */
const ZONES = new Map([
  ['est', -5],
  ['edt', -4],
  ['cst', -6],
  ['cdt', -5],
  ['mst', -7],
  ['mdt', -6],
  ['pst', -8],
  ['pdt', -7],
]);
const MINUTE_MS = 60_000;

const digitOctets = new Uint8Array(256).fill(1, 0x30, 0x3a);
/** Dates with hyphens, `7-Feb-94`, stand in old news and in what some programs write. */
const wordOctets = octetsExcept('(),-');
const HYPHEN = 0x2d;

/**
 * The day that a Date field names (RFC 5322 §3.3, §4.3), as it was where the author was: the time and its zone, obsolete
 * ones too, play no part in it, so what stands there is not looked at. A day of the week that is wrong does no harm.
 *
 * @param value an unfolded field value
 * @returns midnight UTC of that day in milliseconds since 1970; null if no day of the years 1 to 9999 stands there
 */
export function parseDate(value: OctetString): number | null {
  return readDay(new FieldScanner(value));
}

/**
 * When a Date field says that the message was sent (RFC 5322 §3.3, §4.3), leniently: a time that cannot be read is midnight,
 * a zone that cannot be read UTC.
 *
 * @param value an unfolded field value
 * @returns milliseconds since 1970; null if `parseDate` finds no day
 */
export function parseDateTime(value: OctetString): number | null {
  const scanner = new FieldScanner(value);
  const day = readDay(scanner);
  if (day === null) return null;
  do scanner.skipCfws();
  while (scanner.skip(COMMA));
  const hours = readNumber(scanner) ?? 0;
  const minutes = scanner.skip(COLON) ? (readNumber(scanner) ?? 0) : 0;
  const seconds = scanner.skip(COLON) ? (readNumber(scanner) ?? 0) : 0;
  if (hours > 23 || minutes > 59 || seconds > 60) return day;
  return day + (hours * 60 + minutes - readZone(scanner)) * MINUTE_MS + seconds * 1_000;
}

/** A number with white space or comments around it; null if something else comes. */
function readNumber(scanner: FieldScanner): number | null {
  scanner.skipCfws();
  const digits = scanner.run(digitOctets);
  scanner.skipCfws();
  return digits === '' ? null : Number(digits);
}

/** Minutes east of Greenwich. */
function readZone(scanner: FieldScanner): number {
  scanner.skipCfws();
  const sign = scanner.skip(PLUS) ? 1 : scanner.skip(HYPHEN) ? -1 : null;
  if (sign === null) return (ZONES.get(lowerCase(scanner.run(wordOctets))) ?? 0) * 60;
  const digits = scanner.run(digitOctets);
  const minutes = Number(digits.slice(2));
  return digits.length === 4 && minutes < 60 ? sign * (Number(digits.slice(0, 2)) * 60 + minutes) : 0;
}

function readDay(scanner: FieldScanner): number | null {
  let word = nextWord(scanner);
  if (!isNumber(word)) word = nextWord(scanner); // after the day of the week
  const day = word;
  const month = MONTHS.indexOf(lowerCase(nextWord(scanner).slice(0, 3)));
  const year = nextWord(scanner);
  if (!isNumber(day) || day.length > 2 || month < 0 || !isNumber(year) || year.length < 2 || year.length > 4)
    return null;
  const date = new Date(0);
  date.setUTCFullYear(fullYear(year), month, Number(day)); // Date.UTC takes the years 0 to 99 for the twentieth century
  // The 31st of April would have become the 1st of May.
  const isADay = date.getUTCMonth() === month && date.getUTCDate() === Number(day) && date.getUTCFullYear() > 0;
  return isADay ? date.getTime() : null;
}

/** RFC 5322 §4.3: two digits are a year from 1950 to 2049, three count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

/** The next word, or '' if something else comes. White space and comments may stand between any two (RFC 5322 §4.3). */
function nextWord(scanner: FieldScanner): string {
  do scanner.skipCfws();
  while (scanner.skip(COMMA) || scanner.skip(HYPHEN));
  return scanner.run(wordOctets);
}

function isNumber(word: string): boolean {
  for (let at = 0; at < word.length; at++) {
    const digit = word.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  return word !== '';
}
