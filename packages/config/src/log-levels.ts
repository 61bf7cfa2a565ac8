import { type LogLevel, parseLogLevel } from './server-settings.ts';
import type { SettingReader } from './setting-reader.ts';

/** What logs by a level of its own: the apps, all processes of one together, and the supervisor. */
export const LOGGING_PARTS = ['imap', 'smtp', 'relay', 'web', 'housekeeping', 'supervisor'] as const;
export type LoggingPart = (typeof LOGGING_PARTS)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** The level of most, and those of parts that have another. */
export interface LogLevels {
  readonly logLevel: LogLevel;
  readonly logLevels: Readonly<Partial<Record<LoggingPart, LogLevel>>>;
}

export function parseLogLevels(file: SettingReader): LogLevels {
  const logLevel = file.has('logLevel') ? parseLogLevel(file.at('logLevel')) : 'info';
  const own = file.section('logLevels');
  const said = LOGGING_PARTS.filter((part) => own.has(part));
  return { logLevel, logLevels: Object.fromEntries(said.map((part) => [part, parseLogLevel(own.at(part))])) };
}

export const logLevelOf = ({ logLevel, logLevels }: LogLevels, part: LoggingPart): LogLevel =>
  logLevels[part] ?? logLevel;
