import type { QuotaLimits, QuotaUse } from '@postel/quota';
import type { CommandLine, CommandOptions } from './command.ts';
import { UsageError } from './command-error.ts';
import { printableSize } from './printable.ts';

/** The limits of a command line, for the commands that set them. */
export const QUOTA_OPTIONS = {
  storage: { type: 'string' },
  messages: { type: 'string' },
  mailboxes: { type: 'string' },
} as const satisfies CommandOptions;

/** Far more than anybody has, and still a number. */
const MOST = 10 ** 15;
const UNITS = new Map([
  ['KB', 2 ** 10],
  ['MB', 2 ** 20],
  ['GB', 2 ** 30],
  ['TB', 2 ** 40],
]);
const SIZE = /^(\d{1,6}(?:\.\d{1,3})?) ?([kmgt]b)$/i;
const COUNT = /^\d{1,15}$/;
/** IMAP tells storage in units of so many octets (RFC 9208 §5.1): no limit should end between two. */
const UNIT_OCTETS = 1_024;

export type LimitChange<Other> = { readonly [amount in keyof QuotaUse]?: number | null | Other };

/**
 * The limits that a command line sets: what it does not name is left out, `none` is null, and of the other words each is what
 * it says.
 *
 * @throws {UsageError}
 */
export function parseLimits<Other extends string>(line: CommandLine, ...others: readonly Other[]): LimitChange<Other> {
  const read = (option: keyof typeof QUOTA_OPTIONS, number: (text: string) => number, what: string) => {
    const text = line.option(option);
    if (text === null) return undefined;
    if (text === 'none') return null;
    const other = others.find((word) => word === text);
    if (other !== undefined) return other;
    const value = number(text);
    if (value <= MOST) return value;
    throw new UsageError(`--${option} takes ${[what, 'none', ...others].join(', ')}`);
  };
  const octets = read('storage', octetsOf, 'a size such as 500MB or 5GB');
  const messages = read('messages', countOf, 'a number');
  const mailboxes = read('mailboxes', countOf, 'a number');
  return {
    ...(octets === undefined ? {} : { octets }),
    ...(messages === undefined ? {} : { messages }),
    ...(mailboxes === undefined ? {} : { mailboxes }),
  };
}

const countOf = (text: string): number => (COUNT.test(text) ? Number(text) : Number.NaN);

function octetsOf(text: string): number {
  const [, number, unit = ''] = SIZE.exec(text) ?? [];
  const octets = Number(number) * (UNITS.get(unit.toUpperCase()) ?? Number.NaN);
  return Math.ceil(octets / UNIT_OCTETS) * UNIT_OCTETS;
}

/** A limit for people. */
export function printableLimit(limits: QuotaLimits, amount: keyof QuotaLimits): string {
  const limit = limits[amount];
  if (limit === null) return 'none';
  return amount === 'octets' ? printableSize(limit) : limit.toLocaleString('en-US');
}

/** What they are called on the command line. */
export const QUOTA_AMOUNTS = [
  { amount: 'octets', name: 'storage' },
  { amount: 'messages', name: 'messages' },
  { amount: 'mailboxes', name: 'mailboxes' },
] as const satisfies readonly { amount: keyof QuotaUse; name: keyof typeof QUOTA_OPTIONS }[];
