import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NUMBERS = 10_000;
const NUMBER = /^[1-9][0-9]{0,14}$/;
const REASON_CHARACTERS = 200;

export const queueFail = defineCommand({
  name: 'queue fail',
  operands: 'NUMBER... [--reason TEXT]',
  summary: 'give something in the queue up, and tell its sender',
  help: `Its sender gets a report, as if the other server had refused it for good: the relay sends that at once, or when it runs.
postel queue drop tells nobody. NUMBER is what postel queue list shows. What is being sent at the moment is left alone.

  --reason TEXT        what the sender reads
${SERVER_OPTIONS_HELP}

Example:
  postel queue fail 17 --reason "The address has been wrong for weeks"`,
  options: { reason: { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    const { positionals } = line;
    if (positionals.length === 0) throw new UsageError('NUMBER missing');
    if (positionals.length > NUMBERS) throw new UsageError(`More than ${NUMBERS} numbers`);
    const wrong = positionals.find((text) => !NUMBER.test(text));
    if (wrong !== undefined) throw new UsageError(`"${wrong}" is no number of postel queue list`);
    const reason = line.option('reason') ?? 'the postmaster gave it up';
    if (reason.length > REASON_CHARACTERS)
      throw new UsageError(`--reason is longer than ${REASON_CHARACTERS} characters`);
    return { ids: positionals.map(Number), reason, server: namedServer(line) };
  },
  async run({ ids, reason, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const ended = new Set(await operateQueue(invocation, server, (queue) => queue.fail(ids, reason)));
    for (const id of ended) invocation.terminal.say(`${id}: given up`);
    const others = ids.filter((id) => !ended.has(id));
    if (others.length === 0) return;
    throw new CommandError(`Left alone, for it is in hand, finished, or not there: ${others.join(', ')}`);
  },
});
