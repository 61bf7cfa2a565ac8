import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDkimRm = defineCommand({
  name: 'config dkim rm',
  operands: 'DOMAIN SELECTOR [--yes]',
  summary: 'remove a key of a domain (DKIM)',
  help: `Says what becomes of mail then, and asks. It cannot be brought back. A key that was retired may go when "config dkim list"
says so; take its record out of the DNS first.

  --yes                do not ask
${SERVER_OPTIONS_HELP}

Examples:
  postel config dkim list example.com
  postel config dkim rm example.com rsa-20261123`,
  options: { yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return { ...operands(line, 'domain', 'selector'), isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ domain, selector, isAgreed, server }, invocation) {
    const { removeDkimKey } = await import('../domains/remove-dkim-key.ts');
    await removeDkimKey({ domain, selector, isAgreed, server }, invocation);
  },
});
