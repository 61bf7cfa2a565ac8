import { resolve } from 'node:path';
import { CommandError, UsageError } from './command-error.ts';
import { commands } from './command-table.ts';
import { describeCommands } from './describe-commands.ts';
import { findCommand, helpCommand } from './find-command.ts';
import { Stopped } from './stop-signal.ts';
import { terminal } from './terminal.ts';

/**
 * Runs one command line (without `node` and the script) and sets the exit code: 0 if it did what it says, 1 if it could
 * not, 2 if the command line makes no sense.
 */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  endWithLauncher();
  try {
    const found = findCommand(args, commands);
    if (found.type === 'help') {
      terminal.say(describeCommands(found.words, commands));
      return;
    }
    const { command, line } = found;
    const named = line.option('data');
    const dataDirectory = named === null ? null : resolve(named);
    await command.execute(line, { dataDirectory, terminal, commands });
  } catch (error) {
    process.exitCode = complain(error, args);
  }
}

/**
 * Under an older Node bin/postel.mjs runs this process as its child and holds an IPC channel to it, which closes when
 * that launcher is gone. A command that cleans up on SIGTERM then does, and any other just ends.
 */
function endWithLauncher(): void {
  if (!process.connected) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref(); // a finished command must not wait for it
}

/** Tells the person what went wrong. @returns the exit code */
function complain(error: unknown, args: readonly string[]): number {
  if (error instanceof UsageError) {
    console.error(`postel: ${error.message}.`);
    console.error(`Try: ${helpCommand(args, commands)}`);
    return 2;
  }
  if (error instanceof Stopped) return 1;
  if (error instanceof CommandError) {
    console.error(`postel: ${error.message}`);
    return error.exitCode;
  }
  console.error('postel: this should not happen; please report it:', error);
  return 1;
}
