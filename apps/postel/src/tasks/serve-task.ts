import { once } from 'node:events';
import { CommandError } from '../command-error.ts';
import type { TaskMessage } from './task-messages.ts';

/** The side of the task: waits for its input, does it, and ends. */
export async function serveTask<Input>(
  parse: (value: unknown) => Input,
  run: (input: Input, report: (line: string) => void) => Promise<void>,
): Promise<void> {
  const [value] = await once(process, 'message');
  try {
    await run(parse(value), (line) => say({ type: 'report', line }));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    say({ type: 'failed', message: error.message });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect?.();
}

function say(message: TaskMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
