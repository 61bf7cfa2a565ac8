import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { readWebhookEvents, readWebhookId } from '../webhook-events.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configWebhookUpdate = defineCommand({
  name: 'config webhook update',
  operands: 'NUMBER [--url URL] [--events EVENTS] [--secret SECRET] [--private P] [--pause | --resume]',
  summary: 'change a webhook, or have it go on',
  help: `  --url URL            where events are brought to
  --events EVENTS      some of delivered,delayed,failed
  --secret SECRET      16 to 200 characters
  --private P          yes: the host may be inside; no: it may not
  --pause              nothing is brought, what waits is removed
  --resume             what happens from now on is brought: one that took nothing for a day is paused
${SERVER_OPTIONS_HELP}

Example:
  postel config webhook update 3 --resume`,
  options: {
    url: { type: 'string' },
    events: { type: 'string' },
    secret: { type: 'string' },
    private: { type: 'string' },
    pause: { type: 'boolean' },
    resume: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const id = readWebhookId(operands(line, 'number').number);
    const [url, events, secret] = [line.option('url'), line.option('events'), line.option('secret')];
    const allows = line.option('private');
    const [pause, resume] = [line.flag('pause'), line.flag('resume')];
    if (allows !== null && allows !== 'yes' && allows !== 'no') throw new UsageError('--private is yes or no');
    if (pause && resume) throw new UsageError('--pause or --resume?');
    const change = {
      ...(url === null ? {} : { url }),
      ...(events === null ? {} : { events: readWebhookEvents(events) }),
      ...(secret === null ? {} : { secret }),
      ...(allows === null ? {} : { allowsPrivate: allows === 'yes' }),
      ...(pause || resume ? { isPaused: pause } : {}),
    };
    if (Object.keys(change).length === 0) throw new UsageError('what is to change?');
    return { id, change, server: namedServer(line) };
  },
  async run({ id, change, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { webhookSealer } = await import('@postel/routes');
    const { sayingSealingErrors } = await import('../routes/read-given.ts');
    await useDirectory(invocation, server, async (directory, { secretKeyFile }) => {
      const sealer = () => sayingSealingErrors(() => webhookSealer({ directory, secretKeyFile }, id));
      await directory.webhooks.change(id, null, change, change.secret === undefined ? null : await sealer());
    });
    invocation.terminal.say(`Changed webhook ${id}.`);
  },
});
