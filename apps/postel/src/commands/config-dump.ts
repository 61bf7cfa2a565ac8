import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDump = defineCommand({
  name: 'config dump',
  operands: '[--secrets]',
  summary: 'print domains, accounts, addresses, aliases, limits, keys, routes and webhooks as a file',
  help: `In YAML, as it was at one moment, and in one order: two dumps of the same directory are the same text. What postel help
config apply makes of it is the same again. Mail is not in it, nor who may use whose mailboxes, nor keys that sign mail.

  --secrets            with what passwords are checked against, for another server to take over: whoever reads it can try
                       passwords, and has those of CRAM-MD5 and DIGEST-MD5, of routes and of webhooks. Keep it from others: umask 077
${SERVER_OPTIONS_HELP}

Examples:
  postel config dump > directory.yaml
  (umask 077; postel config dump --secrets > secret.yaml)`,
  options: { secrets: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { withSecrets: line.flag('secrets'), server: namedServer(line) };
  },
  async run({ withSecrets, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { writeDeclaration } = await import('@postel/operations');
    const { sayingSealingErrors } = await import('../routes/read-given.ts');
    const { openFor, openWebhookSecret } = await import('@postel/routes');
    const text = await useDirectory(invocation, server, async (directory, { secretKeyFile }) => {
      const state = await directory.readState();
      if (!withSecrets) return writeDeclaration(state, null);
      const names = [...state.routes].flatMap(([name, { secrets }]) => (secrets.length === 0 ? [] : [name]));
      const place = { directory, secretKeyFile };
      const open = async (name: string) => [name, await sayingSealingErrors(() => openFor(place, name))] as const;
      const routeSecrets = new Map(await Promise.all(names.map(open)));
      const webhookSecrets = new Map<string, string>();
      for (const stored of await directory.webhooks.storedSecrets()) {
        webhookSecrets.set(stored.name, await sayingSealingErrors(() => openWebhookSecret(secretKeyFile, stored)));
      }
      return writeDeclaration(state, await directory.readSecrets(), routeSecrets, webhookSecrets);
    });
    invocation.terminal.say(text.trimEnd());
  },
});
