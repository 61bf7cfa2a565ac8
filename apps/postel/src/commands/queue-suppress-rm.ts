import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const queueSuppressRm = defineCommand({
  name: 'queue suppress rm',
  operands: 'ADDRESS',
  summary: 'send mail to an address again',
  help: `${SERVER_OPTIONS_HELP}

Example:
  postel queue suppress rm bob@example.org`,
  options: SERVER_OPTIONS,
  parse(line) {
    return { ...operands(line, 'address'), server: namedServer(line) };
  },
  async run({ address, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const wasThere = await operateQueue(invocation, server, (queue) => queue.removeSuppression(address));
    if (!wasThere) throw new CommandError(`${address} is not on the list: see postel queue suppress list.`);
    invocation.terminal.say(`Mail is sent to ${address} again.`);
  },
});
