import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { CONFIG_OPTION, configOption } from '../serve/find-configuration.ts';

export const configDnscheck = defineCommand({
  name: 'config dnscheck',
  operands: 'DOMAIN [--json]',
  summary: 'ask the DNS whether it has the records that a domain needs',
  help: `Says of each record whether it is right, missing or different, and what there is then; or unsigned, where it needs DNSSEC.
DNS servers remember what they said, and that there was nothing: after a change it may take an hour until it is seen.

Exit code: 0: nothing is to be done; 1: something needed is missing, or something is wrong; 2: the DNS does not say, or
it could not be asked.

  --json         a JSON object a line: those of "config dnsrecords --json", and state, found, isSigned, note, isTrouble
  --config FILE  the configuration file (default ./postel.yaml, else /etc/postel/postel.yaml)

Examples:
  postel config dnscheck example.com
  postel config dnscheck example.com --json && echo all is well`,
  options: { json: { type: 'boolean' }, ...CONFIG_OPTION },
  parse(line) {
    return { ...operands(line, 'domain'), asJson: line.flag('json'), config: configOption(line) };
  },
  async run(args, invocation) {
    const { showCheck } = await import('../domains/show-check.ts');
    await showCheck(args, invocation);
  },
});
