import { type CommandLine, defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configLoginLimitsClear = defineCommand({
  name: 'config login-limits clear',
  alsoCalled: ['config limits clear'],
  operands: 'NETWORK | --all',
  summary: 'let people of a network log in again before its time is over',
  help: `Forgets the failed logins of a network or an address, and of the networks that hold it or are part of it: whoever
guesses there may go on, too. Every process knows of it within a second. A program with a wrong password fills
the count again; where many share an address, login.trustedNetworks in the configuration file is for good.

  --all                of all networks
${SERVER_OPTIONS_HELP}

Examples:
  postel config login-limits clear 192.0.2.7
  postel config login-limits clear 2001:db8:1::/48
  postel config login-limits clear --all`,
  options: { all: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return { network: networkOperand(line), server: namedServer(line) };
  },
  async run({ network, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const cleared = await useDirectory(invocation, server, (directory) => directory.clearLoginFailures(network));
    if (cleared.length === 0) invocation.terminal.say('No failed logins count there.');
    for (const one of cleared) invocation.terminal.say(`Forgot the failed logins of ${one}.`);
  },
});

/** @throws {UsageError} unless there is a network or --all */
function networkOperand(line: CommandLine): string | null {
  if (!line.flag('all')) return operands(line, 'network').network;
  operands(line);
  return null;
}
