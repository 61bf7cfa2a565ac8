import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountSent = defineCommand({
  name: 'config account sent',
  operands: 'ACCOUNT on|off',
  summary: 'keep copies of what an account sends, or not',
  help: `A copy of each message that the account submits is put into its mailbox Sent, read, with Bcc. For programs and devices that keep
none themselves: most mail programs do, and then there would be two. The copy counts towards the quota.

${SERVER_OPTIONS_HELP}

Example:
  postel config account sent scanner on`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { account, choice } = operands(line, 'account', 'choice');
    if (choice !== 'on' && choice !== 'off') throw new UsageError('say on or off');
    return { account, keepsSent: choice === 'on', server: namedServer(line) };
  },
  async run({ account, keepsSent, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, ({ submission }) => submission.change(account, { keepsSent }));
    const kept = keepsSent ? 'Copies' : 'No copies';
    invocation.terminal.say(`${kept} of what account ${account} sends are kept from now on.`);
  },
});
