import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configLoginLimitsList = defineCommand({
  name: 'config login-limits list',
  alsoCalled: ['config limits list'],
  operands: '[--json]',
  summary: 'list the networks from which too many logins have failed',
  help: `Who is there is refused, with the right password too, until the time that is shown: then one login may be tried, and
another after some minutes. Accounts that are used from an address, TLS keys and access tokens come in all the same
(docs/security.md, Guessing). What was tried: postel config account logins --all --failed

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel config login-limits list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const networks = await useDirectory(invocation, server, (directory) => directory.listLimitedNetworks());
    sayRows(invocation.terminal, networks, {
      asJson,
      header: ['NETWORK', 'FAILURES', 'REFUSED UNTIL'],
      row: ({ network, failures, refusedUntil }) => [network, String(failures), formatMoment(refusedUntil)],
    });
  },
});
