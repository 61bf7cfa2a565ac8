import type { CommandLine } from './command.ts';
import { UsageError } from './command-error.ts';
import type { Terminal } from './terminal.ts';

/** Of every list that may be long. */
export const DEFAULT_LIMIT = 50;
const MOST = 10_000;

/** @throws {UsageError} unless `--limit` is a number from 1 to 10,000, or is not given */
export function limitOption(line: CommandLine): number {
  const text = line.option('limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST) throw new UsageError(`--limit takes a number from 1 to ${MOST}`);
  return limit;
}

/** Says how to see more, if there may be. @param shown how many lines there were */
export function noteMore(terminal: Terminal, shown: number, limit: number): void {
  const more = Math.min(MOST, limit * 2);
  if (shown === limit && more > limit) terminal.note(`There may be more: --limit ${more}`);
}
