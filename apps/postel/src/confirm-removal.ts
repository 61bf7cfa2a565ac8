import { confirm } from './confirm.ts';
import type { Terminal } from './terminal.ts';

/** For a command that asks before it takes something away. */
export const YES_OPTION = { yes: { type: 'boolean' } } as const;
export const YES_HELP = '  --yes                do not ask';

interface Asking {
  /** `--yes` was said. */
  readonly isAgreed: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Asks whether something is to go. Where that is not agreed to, it is said, and the command ends with 1.
 *
 * @param question as in `Remove the alias team@example.com?`
 * @returns whether it is to go
 * @throws {CommandError} if there is nobody to ask; the signal's reason, if it was aborted
 */
export async function confirmRemoval(question: string, { isAgreed, terminal, signal }: Asking): Promise<boolean> {
  if (isAgreed || (await confirm(question, signal))) return true;
  terminal.say('Nothing was changed.');
  process.exitCode = 1;
  return false;
}
