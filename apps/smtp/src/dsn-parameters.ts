import { decodeXtext } from '@postel/mime';
import { ENVELOPE_ID_CHARACTERS, ORIGINAL_RECIPIENT_CHARACTERS } from './limits.ts';
import { replies, SmtpError } from './replies.ts';

/** Graphic characters and spaces: what a field of a DSN may have (RFC 3461 §4.2, §4.4). No end of line, so no field of its own. */
const PRINTABLE = /^[ -~]*$/;
/** RFC 3461 §4.2: an address type is an atom. */
const ORIGINAL_RECIPIENT = /^[!#$%&'*\-/0-9?A-Z^_`a-z{|}~]+;(.+)$/;
const NOTIFY: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'DELAY']);

/** A parameter's value: null if it has none, undefined if it was not given. */
type Value = string | null | undefined;

/** ENVID: RFC 3461 §4.4. @returns it as it came, null if it was not given. @throws {SmtpError} 501 */
export function parseEnvelopeId(value: Value): string | null {
  if (value === undefined) return null;
  return requirePrintable(value, value, ENVELOPE_ID_CHARACTERS);
}

/** RET: RFC 3461 §4.3. @throws {SmtpError} 501 */
export function parseReturnContent(value: Value): 'FULL' | 'HDRS' | null {
  if (value === undefined) return null;
  const name = value?.toUpperCase();
  if (name !== 'FULL' && name !== 'HDRS') throw new SmtpError(replies.badParameter);
  return name;
}

/** NOTIFY: RFC 3461 §4.1. @returns in upper case and each once, null if it was not given. @throws {SmtpError} 501 */
export function parseNotify(value: Value): readonly string[] | null {
  if (value === undefined) return null;
  const names = new Set(value?.toUpperCase().split(','));
  if (names.size === 1 && names.has('NEVER')) return ['NEVER'];
  if (names.size === 0 || !names.isSubsetOf(NOTIFY)) throw new SmtpError(replies.badParameter);
  return [...names];
}

/** ORCPT: RFC 3461 §4.2. @returns it as it came, null if it was not given. @throws {SmtpError} 501 */
export function parseOriginalRecipient(value: Value): string | null {
  if (value === undefined) return null;
  const [, address = null] = ORIGINAL_RECIPIENT.exec(value ?? '') ?? [];
  return requirePrintable(value, address, ORIGINAL_RECIPIENT_CHARACTERS);
}

/** @param xtext the part of `value` that is xtext */
function requirePrintable(value: string | null, xtext: string | null, mostCharacters: number): string {
  const text = xtext === null ? null : decodeXtext(xtext);
  if (value === null || text === null || !PRINTABLE.test(text) || value.length > mostCharacters) {
    throw new SmtpError(replies.badParameter);
  }
  return value;
}
