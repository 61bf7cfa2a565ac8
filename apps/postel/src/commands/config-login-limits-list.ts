import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configLoginLimitsList = defineCommand({
  name: 'config login-limits list',
  operands: '',
  summary: 'list the networks from which too many logins have failed',
  help: `Who is there is refused, with the right password too, until the time that is shown: then one login may be tried, and
another after some minutes. Accounts that are used from an address, TLS keys and access tokens come in all the same
(docs/security.md, Guessing). What was tried: postel config account logins --all --failed

${SERVER_OPTIONS_HELP}

Example:
  postel config login-limits list`,
  options: SERVER_OPTIONS,
  parse(line) {
    operands(line);
    return { server: namedServer(line) };
  },
  async run({ server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const networks = await useDirectory(invocation, server, (directory) => directory.listLimitedNetworks());
    if (networks.length === 0) {
      invocation.terminal.say('None.');
      return;
    }
    const rows = networks.map(({ network, failures, refusedUntil }) => [
      network,
      String(failures),
      formatMoment(refusedUntil),
    ]);
    invocation.terminal.say(formatTable([['NETWORK', 'FAILURES', 'REFUSED UNTIL'], ...rows]));
  },
});
