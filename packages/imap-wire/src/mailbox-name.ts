import { isUtf8 } from 'node:buffer';
import { decodeModifiedUtf7 } from './modified-utf7.ts';
import { ParseError } from './parse-error.ts';

/** Control characters, and the line and paragraph separators: RFC 6855 §3. Names also go to logs and terminals. */
const FORBIDDEN = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

/**
 * Decodes a mailbox name, or a pattern of LIST, as it came in a command.
 *
 * Its form is not touched otherwise: which names are equal (RFC 5198 asks for NFC), how long and how deep they may be
 * is for the store to say.
 *
 * @param utf8 whether the client enabled UTF8=ACCEPT (RFC 6855 §3) or IMAP4rev2 and so sends names as UTF-8; if not,
 *   they are modified UTF-7, and octets above 0x7f are refused (RFC 3501 §5.1)
 * @throws {ParseError} of kind `mailbox-name`; of kind `syntax` for what is no UTF-8 where it should be (RFC 6855 §3)
 */
export function decodeMailboxName(octets: Buffer, utf8: boolean): string {
  if (utf8 && !isUtf8(octets)) throw new ParseError('Mailbox name is not valid UTF-8');
  const name = utf8 ? octets.toString('utf8') : decodeModifiedUtf7(octets.toString('latin1'));
  if (name === null) throw new ParseError('Mailbox name is not valid modified UTF-7', 'mailbox-name');
  if (FORBIDDEN.test(name)) throw new ParseError('Mailbox name has control characters', 'mailbox-name');
  return name;
}
