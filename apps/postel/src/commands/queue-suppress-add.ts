import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const queueSuppressAdd = defineCommand({
  name: 'queue suppress add',
  operands: 'ADDRESS [--reason TEXT]',
  summary: 'send nothing more to an address at another server',
  help: `What is sent there fails at once, and its sender is told why. For addresses here it changes nothing.

  --reason TEXT        what the sender reads
${SERVER_OPTIONS_HELP}

Example:
  postel queue suppress add bob@example.org --reason "wants no more mail"`,
  options: { reason: { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    const { address } = operands(line, 'address');
    if (!/^[^@]+@[^@]+$|^"[^"]*"@[^@]+$/.test(address)) throw new UsageError(`"${address}" is no address`);
    return { address, reason: line.option('reason') ?? 'nothing is sent to this address', server: namedServer(line) };
  },
  async run({ address, reason, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    await operateQueue(invocation, server, (queue) => queue.addSuppression(address, reason));
    invocation.terminal.say(`Nothing more is sent to ${address}.`);
  },
});
