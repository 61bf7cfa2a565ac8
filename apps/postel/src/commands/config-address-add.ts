import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAddressAdd = defineCommand({
  name: 'config address add',
  operands: 'ADDRESS ACCOUNT [--mailbox NAME]',
  summary: 'give an account one more address',
  help: `Its domain must be one of this server: postel help config domain add.

  --mailbox NAME       where its mail goes, instead of INBOX; is made if it is missing
${SERVER_OPTIONS_HELP}

Examples:
  postel config address add info@example.com mary
  postel config address add news@example.com mary --mailbox Lists/news`,
  options: { mailbox: { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    const { address, account } = operands(line, 'address', 'account');
    return { address, account, mailbox: line.option('mailbox'), server: namedServer(line) };
  },
  async run({ address, account, mailbox, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, (directory) => directory.addAddress(account, address, mailbox));
    invocation.terminal.say(`Added address ${address} of account ${account}.`);
  },
});
