import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { CONFIG_OPTION, chooseConfigurationFile, configOption } from '../serve/find-configuration.ts';
import { APP_NAMES } from '../serve/plan-apps.ts';

export const serve = defineCommand({
  name: 'serve',
  operands: '[imap | smtp | relay | web | housekeeping] [--config FILE]',
  summary: 'the mail server, as the configuration file says',
  help: `It runs until SIGTERM, which lets it finish what is in hand; a second one makes it hurry. At SIGHUP it reads the
configuration file and the certificates anew. It logs to standard error, as JSON, and prints "postel ready".

  --config FILE  the configuration file (default ./postel.yaml, else /etc/postel/postel.yaml)

With imap, smtp, relay, web or housekeeping it is that one alone, for several hosts on one database: database.url must be said
then, and blobs must be in S3, or blobDirectory the same directory for all.

Examples:
  postel config example > postel.yaml
  postel config check
  postel serve
  postel serve imap --config /etc/postel/postel.yaml`,
  options: CONFIG_OPTION,
  parse(line) {
    const [name = null, extra] = line.positionals;
    const app = APP_NAMES.find((known) => known === name) ?? null;
    if (extra !== undefined || (name !== null && app === null)) {
      throw new UsageError(`"${extra ?? name}" is no server of its own; there are ${APP_NAMES.join(', ')}`);
    }
    if (line.option('data') !== null) {
      throw new UsageError('The data directory of serve is said in its configuration file, as dataDirectory');
    }
    return { app, config: configOption(line) };
  },
  async run({ app, config }, { terminal }) {
    const file = chooseConfigurationFile(config);
    const { runConfiguredServer } = await import('../serve/run-configured-server.ts');
    await runConfiguredServer({ file, app }, terminal);
  },
});
