import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { CONFIG_OPTION, configOption } from '../serve/find-configuration.ts';

const isRoot = process.getuid?.() === 0;
const DEFAULT_FILE = isRoot ? '/etc/postel/postel.yaml' : resolve('postel.yaml');
const DEFAULT_DATA = isRoot ? '/var/lib/postel' : resolve('data/postel');

export const quickstart = defineCommand({
  name: 'quickstart',
  operands: 'ADDRESS [--hostname NAME] [--config FILE]',
  summary: 'make a mail server for a domain: configuration file, account, DNS records',
  help: `ADDRESS is your own: its domain becomes one of this server, and its account administers it. Makes the database, keys that sign
mail, and a configuration file with every key and what it means; then says which DNS records the domain needs, and how
systemd starts the server. Nothing listens yet, and nothing that is there is overwritten.

The certificate is that of Let's Encrypt for the host if there is one (certbot), else one that this command makes: good
to begin with, but mail programs ask whether to trust it.

  --hostname NAME  the name of this server, as its MX records will have it; default: mail. and the domain
  --config FILE    where to write the configuration file; default: ./postel.yaml, for root /etc/postel/postel.yaml
  --data DIR       the data directory; default: ./data/postel, for root /var/lib/postel

Examples:
  postel quickstart you@example.com
  postel quickstart you@example.com --hostname mx1.example.com --config /etc/postel/postel.yaml`,
  options: { hostname: { type: 'string' }, ...CONFIG_OPTION },
  parse(line) {
    return { ...operands(line, 'address'), hostname: line.option('hostname'), config: configOption(line) };
  },
  async run({ address, hostname, config }, invocation) {
    const { runQuickstart } = await import('../quickstart/run-quickstart.ts');
    const dataDirectory = invocation.dataDirectory ?? DEFAULT_DATA;
    await runQuickstart({ address, hostname, file: config ?? DEFAULT_FILE }, { ...invocation, dataDirectory });
  },
});
