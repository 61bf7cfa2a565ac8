import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { readWebhookEvents } from '../webhook-events.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configWebhookAdd = defineCommand({
  name: 'config webhook add',
  operands: 'URL [--account ACCOUNT] [--events EVENTS] [--secret SECRET] [--allow-private]',
  summary: 'tell a web server what becomes of mail that is sent',
  help: `Prints the number of the webhook, and the secret by which events are signed; it is shown only now (docs/webhooks.md).

  --account ACCOUNT    of its mail alone; else of everybody's
  --events EVENTS      some of delivered,delayed,failed; else all of them
  --secret SECRET      16 to 200 characters; else one is made
  --allow-private      the host may be inside: http://, and addresses that nobody in the world has, as 10.0.0.5
${SERVER_OPTIONS_HELP}

Examples:
  postel config webhook add https://app.example.com/mail
  postel config webhook add https://app.example.com/mail --account mary --events failed`,
  options: {
    account: { type: 'string' },
    events: { type: 'string' },
    secret: { type: 'string' },
    'allow-private': { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { url } = operands(line, 'url');
    const events = readWebhookEvents(line.option('events') ?? 'delivered,delayed,failed');
    const allowsPrivate = line.flag('allow-private');
    const webhook = { url, events, allowsPrivate, account: line.option('account'), secret: line.option('secret') };
    return { webhook, server: namedServer(line) };
  },
  async run({ webhook, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { webhookSealer } = await import('@postel/routes');
    const { sayingSealingErrors } = await import('../routes/read-given.ts');
    const { id, secret } = await useDirectory(invocation, server, async (directory, { secretKeyFile }) => {
      const seal = await sayingSealingErrors(() => webhookSealer({ directory, secretKeyFile }, null));
      return await directory.webhooks.add(webhook, seal);
    });
    invocation.terminal.say(`Added webhook ${id}.`);
    if (webhook.secret === null) invocation.terminal.say(`Secret: ${secret}`);
    invocation.terminal.note(`Try it: postel config webhook test ${id}`);
  },
});
