import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { CONFIG_OPTION, configOption } from '../serve/find-configuration.ts';

export const configDnsrecords = defineCommand({
  name: 'config dnsrecords',
  operands: 'DOMAIN [--json]',
  summary: 'say which DNS records a domain needs, and why, as a zone file',
  help: `Above each record stands what it is for. Nothing is changed. Whether the DNS has them: postel config dnscheck. The form of a
provider may want texts without quotation marks, and in one piece: --json has them so, under "value".

  --json         a JSON object a line: kind, level (needed, advised, optional), zone, name, type, value, why,
                 condition, line
  --config FILE  the configuration file (default ./postel.yaml, else /etc/postel/postel.yaml)

Examples:
  postel config dnsrecords example.com
  postel config dnsrecords example.com --json`,
  options: { json: { type: 'boolean' }, ...CONFIG_OPTION },
  parse(line) {
    return { ...operands(line, 'domain'), asJson: line.flag('json'), config: configOption(line) };
  },
  async run(args, invocation) {
    const { showRecords } = await import('../domains/show-records.ts');
    await showRecords(args, invocation);
  },
});
