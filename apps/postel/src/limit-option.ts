import type { CommandLine } from './command.ts';
import { UsageError } from './command-error.ts';
import type { Terminal } from './terminal.ts';

const DEFAULT = 50;
const MOST = 10_000;

export const LIMIT_OPTION = { limit: { type: 'string' } } as const;
export const LIMIT_HELP = `  --limit N            no more than so many lines; default: ${DEFAULT}`;

/** How many lines of a list are wanted. @throws {UsageError} */
export function limitOption(line: CommandLine): number {
  const text = line.option('limit') ?? String(DEFAULT);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST) throw new UsageError(`--limit takes a number from 1 to ${MOST}`);
  return limit;
}

/** Says how to see what a list leaves out, if it may. @param shown lines that it has */
export function noteMore(terminal: Terminal, shown: number, limit: number): void {
  const more = Math.min(MOST, limit * 2);
  if (shown === limit && more > limit) terminal.note(`There may be more: --limit ${more}`);
}
