import { CLIENT_NAME_OCTETS } from './limits.ts';
import { isAddressLiteral } from './path.ts';
import { replies, SmtpError } from './replies.ts';

/**
 * The argument of EHLO and HELO (RFC 5321 §4.1.1.1): an address literal, or what passes for a name. Underscores and bare IP
 * addresses are no domain names, but computers at home are called by them, and on a login it depends anyway.
 *
 * @throws {SmtpError} 501
 */
export function parseClientName(argument: string): string {
  const isName = /^[\w.:-]+$/.test(argument) || isAddressLiteral(argument);
  if (!isName || argument.length > CLIENT_NAME_OCTETS) throw new SmtpError(replies.badClientName);
  return argument;
}
