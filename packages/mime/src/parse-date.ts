import { FieldScanner, octetsExcept } from './field-scanner.ts';
import { lowerCase, type OctetString } from './octet-string.ts';

const COMMA = 0x2c;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

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
  const scanner = new FieldScanner(value);
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
