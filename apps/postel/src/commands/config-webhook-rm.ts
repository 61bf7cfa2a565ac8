import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { readWebhookId } from '../webhook-events.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configWebhookRm = defineCommand({
  name: 'config webhook rm',
  operands: 'NUMBER [--yes]',
  summary: 'remove a webhook, and the events that wait for it',
  help: `Asks first.

  --yes                do not ask
${SERVER_OPTIONS_HELP}

Example:
  postel config webhook rm 3`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return {
      id: readWebhookId(operands(line, 'number').number),
      isAgreed: line.flag('yes'),
      server: namedServer(line),
    };
  },
  async run({ id, isAgreed, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { confirm } = await import('../confirm.ts');
    const { StopSignal } = await import('../stop-signal.ts');
    await useDirectory(invocation, server, async ({ webhooks }) => {
      const { url, waiting } = await webhooks.read(id);
      using stop = new StopSignal();
      const question = `Remove the webhook ${url}, with ${waiting} events that wait?`;
      if (!isAgreed && !(await confirm(question, stop.signal))) return invocation.terminal.say('It stays.');
      await webhooks.remove(id, null);
      invocation.terminal.say(`Removed webhook ${id}.`);
    });
  },
});
