import { DATABASE_URL_FORM, isDatabaseUrl } from '@postel/config';
import type { CommandLine, CommandOptions } from './command.ts';
import { UsageError } from './command-error.ts';

export const DATABASE_URL_OPTION = { 'database-url': { type: 'string' } } as const satisfies CommandOptions;

/**
 * The database that was asked for, by option or environment; `null` for the embedded one.
 * @throws {UsageError} if it is no Postgres URL
 */
export function databaseUrl(line: CommandLine): string | null {
  const { DATABASE_URL = '' } = process.env;
  const url = line.option('database-url') ?? DATABASE_URL;
  if (url === '') return null;
  // Not shown: it may hold a password.
  if (!isDatabaseUrl(url)) throw new UsageError(`The database URL has the form ${DATABASE_URL_FORM}`);
  return url;
}
