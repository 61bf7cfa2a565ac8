import type { WaitingSelection } from '@postel/storage';
import type { CommandLine, CommandOptions } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';

/** For the commands that do something with copies. */
export const SELECTION_OPTIONS = {
  copy: { type: 'string' },
  all: { type: 'boolean' },
} as const satisfies CommandOptions;

const ID = /^[0-9a-f][0-9a-f-]{7,35}$/;

/** Which copies a command line names: those of an account, one of them, or all. @throws {UsageError} */
export function parseSelection(line: CommandLine): WaitingSelection {
  const id = line.option('copy')?.toLowerCase() ?? null;
  if (id !== null && !ID.test(id)) throw new UsageError('--copy takes what the list shows, 8 characters at least');
  if (!line.flag('all')) return { ...operands(line, 'account'), id };
  operands(line);
  if (id !== null) throw new UsageError('--all is without --copy');
  return { account: null, id };
}
