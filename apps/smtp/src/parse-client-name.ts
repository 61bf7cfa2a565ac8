import { CLIENT_NAME_OCTETS } from './limits.ts';
import { replies, SmtpError } from './replies.ts';

/** Printable ASCII in one word, without what could end a comment or an address in a trace field's neighbourhood. */
const WORD = /^[!-;=?-~]+$/;

/**
 * The argument of EHLO, HELO and LHLO (RFC 5321 §4.1.1.1): a domain name, an address literal, or what computers are called by
 * that have neither: `my_pc`, `192.168.1.2`, `[::1]`, `(none)`. Mail must not be refused for a name that is wrong (RFC 5321
 * §4.1.4); more than ASCII is none in any reading (RFC 6531 §3.7.1).
 *
 * @throws {SmtpError} 501
 */
export function parseClientName(argument: string): string {
  if (!WORD.test(argument) || argument.length > CLIENT_NAME_OCTETS) throw new SmtpError(replies.badClientName);
  return argument;
}
