import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAddressList = defineCommand({
  name: 'config address list',
  alsoCalled: ['config account addresses'],
  operands: '[ACCOUNT] [--json]',
  summary: 'list addresses of accounts, and the mailboxes their mail goes to',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config address list
  postel config address list mary --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const addresses = await useDirectory(invocation, server, (directory) => directory.addresses.list(account));
    sayRows(invocation.terminal, addresses, {
      asJson,
      header: ['ADDRESS', 'ACCOUNT', 'MAILBOX'],
      row: ({ address, account: owner, mailbox }) => [address, owner, mailbox ?? 'INBOX'],
    });
  },
});
