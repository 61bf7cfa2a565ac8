import { isUtf8 } from 'node:buffer';

/** RFC 4616 §2 asks for 255 octets of each. */
export const MAX_IDENTITY_OCTETS = 255;
export const MAX_PASSWORD_OCTETS = 1_024;

/** Control characters, and the separators that break a line (U+2028, U+2029): in no name, and not for our log. */
const BREAKS_LINES = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * An authentication or authorization identity as it came: UTF-8, 1 to 255 octets, no control characters.
 *
 * @returns null if it is none
 */
export function parseIdentity(octets: Buffer): string | null {
  const text = parseText(octets, MAX_IDENTITY_OCTETS);
  return text === null || BREAKS_LINES.test(text) ? null : text;
}

/**
 * A password as it came: UTF-8, 1 to 1,024 octets, no NUL. What else it may hold is for SASLprep to say.
 *
 * @returns null if it is none
 */
export function parsePassword(octets: Buffer): string | null {
  return octets.includes(0) ? null : parseText(octets, MAX_PASSWORD_OCTETS);
}

function parseText(octets: Buffer, maxOctets: number): string | null {
  return octets.length > 0 && octets.length <= maxOctets && isUtf8(octets) ? octets.toString('utf8') : null;
}
