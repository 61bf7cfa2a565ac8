import { parseAddress } from './address.ts';
import type { MailingList } from './expand-alias.ts';

/** Fields that a list sets, and that a message has from nobody else: in lower case. */
export const LIST_FIELDS: ReadonlySet<string> = new Set(['list-id', 'list-post']);

/** What may stand in the label of a list (RFC 2919 §3): a dot-atom but for `=`, by which what is left over is written. */
const LABEL = /^[\w!#$%&'*+\-/?^`{|}~]+(?:\.[\w!#$%&'*+\-/?^`{|}~]+)*$/;
/** What stands for itself in a mailto URI, dots between atoms among it: RFC 6068 §2. */
const UNRESERVED = /^[\w!$'*+\-.~]$/;

/**
 * List-Id (RFC 2919) and List-Post (RFC 2369 §3.4) of what comes by a list. It says NO where only those who are named may post: a list
 * of announcements. There is no way yet to leave a list by mail, nor a page or a person that answers for it, so nothing is
 * said of that.
 */
export function listFields({ address, posters }: MailingList): string {
  const parsed = parseAddress(address);
  if (parsed === null) return '';
  const { writtenPart: localPart, domain } = parsed;
  const label = LABEL.test(localPart) ? localPart : escaped(localPart, /^[A-Za-z0-9]$/, '=');
  const post =
    posters === 'named' ? 'NO (only some may post)' : `<mailto:${escaped(localPart, UNRESERVED, '%')}@${domain}>`;
  return `List-Id: <${label}.${domain}>\r\nList-Post: ${post}\r\n`;
}

/** All octets but those characters, in hexadecimal behind a mark. */
function escaped(text: string, plain: RegExp, mark: string): string {
  return [...Buffer.from(text)]
    .map((octet) => {
      const character = String.fromCharCode(octet);
      return plain.test(character) ? character : `${mark}${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
