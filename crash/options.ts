import { parseArgs } from 'node:util';
import { TARGET_GROUPS } from './targets.ts';

export interface CrashOptions {
  readonly rounds: number;
  /** When no further round begins; null: only `rounds` says so. */
  readonly minutes: number | null;
  readonly seed: number;
  /** A word of TARGET_GROUPS; null: all of them. */
  readonly only: string | null;
  readonly offsets: boolean;
  /** Keeps the data directory, also if nothing was wrong. */
  readonly keep: boolean;
}

export const HELP = `Kills processes of a real postel serve at random moments, while clients work, and compares what it holds
afterwards with what it had acknowledged.

  npm run crash -- [--rounds N | --minutes M] [--seed S] [--only WHAT] [--keep]
  npm run crash -- --offsets [--keep]

  --rounds N     kills so often (default 40)
  --minutes M    begins no round after M minutes
  --seed S       chooses as the run did that printed this seed; what meets when is up to the machine
  --only WHAT    kills only ${Object.keys(TARGET_GROUPS).join(', ')} (default: one after another, at random)
  --offsets      instead: kills each process 0, 10, 20 ... 200 ms after an APPEND, the end of DATA, and a MOVE were sent
  --keep         keeps the data directory also if nothing is wrong

Examples:
  npm run crash -- --rounds 200
  npm run crash -- --minutes 10 --only postgres
  npm run crash -- --rounds 40 --seed 1234567

The exit status is 1 if anything is wrong; then the data directory is kept, with a report of what, where, and what was
done there before. Ctrl-C stops everything. Linux only. docs/operations.md says what is proved by it and what is not.`;

/** What is wrong with the command line, for the person who wrote it. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** @returns null if help was asked for @throws {OptionError} */
export function parseOptions(args: readonly string[]): CrashOptions | null {
  const { values } = parse(args);
  if (values.help) return null;
  const { only = null } = values;
  if (only !== null && !(only in TARGET_GROUPS)) {
    throw new OptionError(`--only takes one of ${Object.keys(TARGET_GROUPS).join(', ')}, not ${only}`);
  }
  if (values.offsets && [values.rounds, values.minutes, values.only].some((value) => value !== undefined)) {
    throw new OptionError('--offsets has rounds of its own: it takes no --rounds, --minutes or --only');
  }
  const minutes = values.minutes === undefined ? null : positive('minutes', values.minutes);
  const rounds = values.rounds === undefined ? null : positive('rounds', values.rounds);
  return {
    rounds: rounds ?? (minutes === null ? DEFAULT_ROUNDS : Number.POSITIVE_INFINITY),
    minutes,
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive('seed', values.seed),
    only,
    offsets: values.offsets,
    keep: values.keep,
  };
}

const DEFAULT_ROUNDS = 40;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        offsets: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new OptionError(`--${name} takes a number from 1 on, not ${text}`);
  return value;
}
