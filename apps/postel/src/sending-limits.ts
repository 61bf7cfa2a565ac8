import type { SubmissionLimits } from '@postel/directory';
import type { CommandLine, CommandOptions } from './command.ts';
import { UsageError } from './command-error.ts';
import { printableSize } from './printable.ts';

/** The limits of what accounts may send, for the commands that set them. */
export const SENDING_OPTIONS = {
  'messages-a-day': { type: 'string' },
  'new-recipients-a-day': { type: 'string' },
  'message-mb': { type: 'string' },
} as const satisfies CommandOptions;

const MOST = 1_000_000_000;
const MB = 1_048_576;
const NONE = 'none';

export type SendingChange<Other> = { readonly [limit in keyof SubmissionLimits]?: number | null | Other };

/**
 * The limits that a command line sets: what it does not name is left out, `none` is null, and of the other words each is what
 * it says.
 *
 * @throws {UsageError}
 */
export function parseSending<Other extends string>(
  line: CommandLine,
  ...others: readonly Other[]
): SendingChange<Other> {
  const read = (option: keyof typeof SENDING_OPTIONS, unit: number) => {
    const text = line.option(option);
    if (text === null) return undefined;
    if (text === NONE) return null;
    const other = others.find((word) => word === text);
    if (other !== undefined) return other;
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number <= MOST) return number * unit;
    throw new UsageError(`--${option} takes ${['a number', ...others, `or ${NONE}`].join(', ')}`);
  };
  const messagesADay = read('messages-a-day', 1);
  const newRecipientsADay = read('new-recipients-a-day', 1);
  const messageOctets = read('message-mb', MB);
  return {
    ...(messagesADay === undefined ? {} : { messagesADay }),
    ...(newRecipientsADay === undefined ? {} : { newRecipientsADay }),
    ...(messageOctets === undefined ? {} : { messageOctets }),
  };
}

/** What they are called for people. */
export const SENDING_LIMITS = [
  { limit: 'messagesADay', name: 'messages a day' },
  { limit: 'newRecipientsADay', name: 'new recipients a day' },
  { limit: 'messageOctets', name: 'size of a message' },
] as const satisfies readonly { limit: keyof SubmissionLimits; name: string }[];

/** A limit for people. */
export function printableSending(limits: SubmissionLimits, limit: keyof SubmissionLimits): string {
  const value = limits[limit];
  if (value === null) return NONE;
  return limit === 'messageOctets' ? printableSize(value) : value.toLocaleString('en-US');
}
