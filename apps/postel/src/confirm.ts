import { createInterface } from 'node:readline';
import { CommandError } from './command-error.ts';

type Keyboard = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/**
 * Asks the person at the terminal a question that only `y` or `yes` agrees to.
 *
 * @throws {CommandError} if there is nobody to ask; the signal's reason, if it was aborted
 */
export async function confirm(
  question: string,
  signal: AbortSignal,
  input: Keyboard = process.stdin,
): Promise<boolean> {
  if (!input.isTTY) throw new CommandError('Nobody is there to be asked: say --yes. Nothing was changed.');
  process.stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input, terminal: false }); // Ctrl-C stays a signal
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const stop = () => reject(signal.reason);
  lines.once('line', (line) => resolve(/^\s*y(es)?\s*$/i.test(line)));
  lines.once('close', () => resolve(false));
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
  }
}
