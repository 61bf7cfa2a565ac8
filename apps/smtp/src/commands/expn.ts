import { parseAddress } from '@postel/directory';
import type { Command } from '../command.ts';
import { someArgument } from '../parse-argument.ts';
import { isAscii } from '../path.ts';
import { replies } from '../replies.ts';

/**
 * EXPN: RFC 5321 §3.5, §4.1.1.7. Members of an alias are told to its members, if it shows them. They are nobody else's business,
 * and so is whether it is one (RFC 5321 §7.3).
 */
export const expn: Command<string> = {
  name: 'EXPN',
  needs: 'connection',
  parse: someArgument,
  async run({ kind, account, services }, argument) {
    if (kind !== 'submission' || account === null) return replies.cannotVerify;
    const address = parseAddress(argument.replace(/^<(.*)>$/, '$1'));
    const members = address === null ? null : await services.directory.visibleMembers(account.accountId, address);
    if (members === null) return replies.cannotVerify;
    return [250, '2.1.5', members.filter(isAscii).map((member) => `<${member}>`)]; // RFC 6531 §3.7.4.2 for the others
  },
};
