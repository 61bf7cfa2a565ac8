import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { printableCount } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountRm = defineCommand({
  name: 'config account rm',
  operands: 'ACCOUNT [--yes]',
  summary: 'remove an account with its addresses and all its mail',
  help: `Nothing of it can be brought back. Logins end first; if it is cut short, say it again. To keep the mail and let nobody in:
postel config account disable.

  --yes                do not ask
${SERVER_OPTIONS_HELP}

Examples:
  postel config account rm mary
  postel config account rm mary --yes`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    return { account, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ account, isAgreed, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { terminal } = invocation;
    await useDirectory(invocation, server, async (directory, { signal }) => {
      const { use } = await directory.quotas.read(account); // or there is no such account
      const question = `Remove account ${account} with ${printableCount(use.messages, 'message')}?`;
      if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return;
      await directory.removeAccount(account);
      terminal.say(`Removed account ${account} and its mail.`);
    });
  },
});
