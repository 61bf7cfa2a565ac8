import { queueOperations } from '@postel/operations';
import type { Invocation } from './command.ts';
import { useDirectory } from './use-directory.ts';
import type { NamedServer } from './which-server.ts';

/** Lets a command do something to the queue, which is written down as done by whoever runs it. @throws {CommandError} */
export function operateQueue<Result>(
  invocation: Invocation,
  named: NamedServer,
  work: (queue: ReturnType<typeof queueOperations>, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return useDirectory(invocation, named, (directory, { signal }) => work(queueOperations(directory), signal));
}
