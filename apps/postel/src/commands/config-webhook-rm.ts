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
    const { confirmRemoval } = await import('../confirm-removal.ts');
    await useDirectory(invocation, server, async ({ webhooks }, { signal }) => {
      const { url, waiting } = await webhooks.read(id);
      const question = `Remove the webhook ${url}, with ${waiting} events that wait?`;
      if (!(await confirmRemoval(question, { isAgreed, terminal: invocation.terminal, signal }))) return;
      await webhooks.remove(id, null);
      invocation.terminal.say(`Removed webhook ${id}.`);
    });
  },
});
