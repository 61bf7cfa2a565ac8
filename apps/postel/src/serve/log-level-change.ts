import { LOG_LEVELS, LOGGING_PARTS, type LoggingPart, type LogLevel } from '@postel/config';
import { UsageError } from '../command-error.ts';
import type { Setting } from './set-in-configuration.ts';

/** What the words of the command line change: the level of most, and of parts; null: the part goes by the level of most. */
export interface LogLevelChange {
  readonly common: LogLevel | null;
  readonly own: ReadonlyMap<LoggingPart, LogLevel | null>;
}

/** @returns null if nothing is to change @throws {UsageError} */
export function parseLogLevelChange(words: readonly string[]): LogLevelChange | null {
  if (words.length === 0) return null;
  let common: LogLevel | null = null;
  const own = new Map<LoggingPart, LogLevel | null>();
  for (const word of words) {
    const [first = '', second, ...rest] = word.split('=');
    if (second === undefined) {
      if (common !== null) throw new UsageError('One LEVEL is for all: say those of parts as PART=LEVEL');
      common = levelOf(first);
      continue;
    }
    const part = LOGGING_PARTS.find((known) => known === first);
    if (part === undefined) throw new UsageError(`"${first}" is not ${LOGGING_PARTS.join(', ')}`);
    if (own.has(part)) throw new UsageError(`${part} is said twice`);
    own.set(part, second === 'default' && rest.length === 0 ? null : levelOf([second, ...rest].join('=')));
  }
  return { common, own };
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) throw new UsageError(`"${text}" is not ${LOG_LEVELS.join(', ')}`);
  return level;
}

/** What it sets in the configuration file. */
export function settingsOf({ common, own }: LogLevelChange): readonly Setting[] {
  const parts = [...own].map(([part, level]) => [['logLevels', part], level] as const);
  if (common === null) return parts;
  return [[['logLevels'], null] as const, [['logLevel'], common] as const, ...parts];
}
