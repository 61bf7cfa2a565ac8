import type { Directory } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAddressAccount = defineCommand({
  name: 'config address account',
  operands: 'ADDRESS [ACCOUNT] [--mailbox NAME]',
  summary: 'say or change where mail for an address goes',
  help: `Alone it says where mail goes that is sent to an address, whether the address was given to somebody or not: by details
(mary+shop), as an alias, by the catchall of its domain, as postmaster. With ACCOUNT or --mailbox it changes that for an
address that an account has. Mail that has come stays where it is.

  --mailbox NAME       where its mail goes; is made if it is missing. The address follows it when it is renamed; when
                       it is deleted, mail goes to INBOX
${SERVER_OPTIONS_HELP}

Examples:
  postel config address account mary+shop@example.com
  postel config address account info@example.com john
  postel config address account news@example.com --mailbox Lists/news`,
  options: { mailbox: { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    const [address, account = null, extra] = line.positionals;
    if (address === undefined) throw new UsageError('address missing');
    if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
    const mailbox = line.option('mailbox');
    const change = { ...(account === null ? {} : { account }), ...(mailbox === null ? {} : { mailbox }) };
    return { address, change, server: namedServer(line) };
  },
  async run({ address, change, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const said = await useDirectory(invocation, server, async (directory) => {
      if (Object.keys(change).length > 0) await directory.addresses.change(address, change);
      return await describeTarget(directory, address);
    });
    invocation.terminal.say(said);
  },
});

async function describeTarget(directory: Directory, text: string): Promise<string> {
  const { parseAddress } = await import('@postel/directory');
  const address = parseAddress(text);
  if (address === null) throw new UsageError(`"${text}" is not an address like user@example.com`);
  const found = await directory.resolveRecipient({ ...address, localPart: address.writtenPart });
  switch (found.type) {
    case 'account': {
      const mailbox = (await directory.addresses.mailboxName(found)) ?? 'INBOX';
      return `Mail for ${text} goes to account ${found.accountName}, into ${mailbox}.`;
    }
    case 'alias':
      return `Mail for ${text} goes to those of the alias ${found.address}: postel config alias print ${found.address}`;
    case 'unknown-address':
      return `Mail for ${text} is refused: there is no such address.`;
    case 'not-local':
      return `${text} is at another server: ${address.domain} is no domain of this one.`;
    default:
      return found satisfies never;
  }
}
