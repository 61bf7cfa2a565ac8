import { fork } from 'node:child_process';
import { once } from 'node:events';
import { CommandError } from '../command-error.ts';
import { parseTaskMessage } from './task-messages.ts';

export interface TaskOptions {
  readonly report: (line: string) => void;
  /** Ends the task when it is aborted; what it had begun is undone by the next one. */
  readonly signal: AbortSignal;
}

/**
 * Runs a module that calls `serveTask` in a process of its own, so that what it needs once is not carried by a server
 * for ever: making certificates and tables for the first time took 170 MB.
 *
 * @throws {CommandError} as the task says; the signal's reason if it was ended
 */
export async function runTask(entry: URL, input: object, { report, signal }: TaskOptions): Promise<void> {
  signal.throwIfAborted();
  const task = fork(entry, [], {
    execArgv: [],
    // A session of its own: Ctrl-C at the terminal is for the supervisor, which waits for what was begun.
    detached: true,
  });
  let failure: string | null = null;
  task.on('message', (value) => {
    const message = parseTaskMessage(value);
    if (message?.type === 'report') report(message.line);
    if (message?.type === 'failed') failure = message.message;
  });
  task.send(input);
  const stop = () => task.kill();
  signal.addEventListener('abort', stop);
  const [code, killedBy] = await once(task, 'exit');
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (failure !== null) throw new CommandError(failure);
  if (code !== 0) throw new Error(`${entry.pathname} ended with ${killedBy ?? `exit code ${code}`}`);
}
