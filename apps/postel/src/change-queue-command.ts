import type { QueueChange } from '@postel/queue';
import { defineCommand } from './command.ts';
import { CommandError, UsageError } from './command-error.ts';
import { YES_HELP, YES_OPTION } from './confirm-removal.ts';
import { printableCount } from './printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from './which-server.ts';

const NUMBERS = 10_000;
const NUMBER = /^[1-9][0-9]{0,14}$/;

interface ChangeWords {
  readonly summary: string;
  readonly help: string;
  /** Of a recipient: `3: tried at once`. */
  readonly done: string;
  /** Of a change that is asked for: about so many recipients, in words. */
  readonly question?: (what: string) => string;
}

/** A command that does something to recipients in the queue, by the numbers of `queue list`. */
export function changeQueueCommand(change: QueueChange, { summary, help, done, question }: ChangeWords) {
  return defineCommand({
    name: `queue ${change}`,
    operands: question === undefined ? 'NUMBER...' : 'NUMBER... [--yes]',
    summary,
    help: `${help}
NUMBER is what postel queue list shows. What is being sent at the moment is left alone.

${question === undefined ? '' : `${YES_HELP}\n`}${SERVER_OPTIONS_HELP}

Example:
  postel queue ${change} 17 18`,
    options: question === undefined ? SERVER_OPTIONS : { ...YES_OPTION, ...SERVER_OPTIONS },
    parse(line) {
      const { positionals } = line;
      if (positionals.length === 0) throw new UsageError('NUMBER missing');
      if (positionals.length > NUMBERS) throw new UsageError(`More than ${NUMBERS} numbers`);
      const wrong = positionals.find((text) => !NUMBER.test(text));
      if (wrong !== undefined) throw new UsageError(`"${wrong}" is no number of postel queue list`);
      const isAgreed = question === undefined || line.flag('yes');
      return { ids: positionals.map(Number), isAgreed, server: namedServer(line) };
    },
    async run({ ids, isAgreed, server }, invocation) {
      const { operateQueue } = await import('./operate-queue.ts');
      const { confirmRemoval } = await import('./confirm-removal.ts');
      const { terminal } = invocation;
      const changed = await operateQueue(invocation, server, async (queue, signal) => {
        const asked = question?.(printableCount(ids.length, 'recipient')) ?? '';
        if (!(await confirmRemoval(asked, { isAgreed, terminal, signal }))) return null;
        return new Set(await queue.change(change, ids));
      });
      if (changed === null) return;
      for (const id of changed) terminal.say(`${id}: ${done}`);
      const others = ids.filter((id) => !changed.has(id));
      if (others.length === 0) return;
      throw new CommandError(
        `Left alone, for it is in hand, finished, not in that state, or not there: ${others.join(', ')}`,
      );
    },
  });
}
