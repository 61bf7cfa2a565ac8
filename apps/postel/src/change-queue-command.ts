import type { QueueChange } from '@postel/queue';
import { defineCommand } from './command.ts';
import { CommandError, UsageError } from './command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from './which-server.ts';

const NUMBERS = 10_000;
const NUMBER = /^[1-9][0-9]{0,14}$/;

interface ChangeWords {
  readonly summary: string;
  readonly help: string;
  /** Of a recipient: `3: tried at once`. */
  readonly done: string;
}

/** A command that does something to recipients in the queue, by the numbers of `queue list`. */
export function changeQueueCommand(change: QueueChange, { summary, help, done }: ChangeWords) {
  return defineCommand({
    name: `queue ${change}`,
    operands: 'NUMBER...',
    summary,
    help: `${help}
NUMBER is what postel queue list shows. What is being sent at the moment is left alone.

${SERVER_OPTIONS_HELP}

Example:
  postel queue ${change} 17 18`,
    options: SERVER_OPTIONS,
    parse(line) {
      const { positionals } = line;
      if (positionals.length === 0) throw new UsageError('NUMBER missing');
      if (positionals.length > NUMBERS) throw new UsageError(`More than ${NUMBERS} numbers`);
      const wrong = positionals.find((text) => !NUMBER.test(text));
      if (wrong !== undefined) throw new UsageError(`"${wrong}" is no number of postel queue list`);
      return { ids: positionals.map(Number), server: namedServer(line) };
    },
    async run({ ids, server }, invocation) {
      const { operateQueue } = await import('./operate-queue.ts');
      const changed = new Set(await operateQueue(invocation, server, (queue) => queue.change(change, ids)));
      for (const id of changed) invocation.terminal.say(`${id}: ${done}`);
      const others = ids.filter((id) => !changed.has(id));
      if (others.length === 0) return;
      throw new CommandError(
        `Left alone, for it is in hand, finished, not in that state, or not there: ${others.join(', ')}`,
      );
    },
  });
}
