import { currentLocale, t } from './texts/texts.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const STEP = 1_024;

export function formatOctets(octets: number): string {
  let value = octets;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toLocaleString(currentLocale(), { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** In English: of pages that are in English alone. */
export const formatCount = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;

const STEPS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

export const formatMoment = (text: string): string =>
  new Date(text).toLocaleString(currentLocale(), { dateStyle: 'medium', timeStyle: 'short' });

export const formatDay = (text: string): string =>
  new Date(text).toLocaleDateString(currentLocale(), { dateStyle: 'medium' });

/** `3 hours ago`. */
export function formatAgo(text: string | null): string {
  if (text === null) return t.parts.never;
  const seconds = (Date.parse(text) - Date.now()) / 1_000;
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ['minute', 60];
  if (Math.abs(seconds) < 60) return t.parts.justNow;
  const words = new Intl.RelativeTimeFormat(currentLocale(), { numeric: 'auto' });
  return words.format(Math.trunc(seconds / size), unit);
}

/** `3 hours ago, from 192.0.2.1`. */
export const formatUse = (at: string | null, from: string | null): string =>
  from === null ? formatAgo(at) : t.parts.from(formatAgo(at), from);

const BROWSERS = [
  ['Edge', /\bEdg\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\bFirefox\//],
  ['Chrome', /Chrome\//],
  ['Safari', /\bSafari\//],
] as const;
const SYSTEMS = [
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
] as const;

/** `Firefox on Linux`, of what a browser calls itself; what is none stays as it is. */
export function formatProgram(program: string): string {
  const browser = BROWSERS.find(([, pattern]) => pattern.test(program))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(program))?.[0];
  return browser === undefined ? program : system === undefined ? browser : t.parts.programOn(browser, system);
}
