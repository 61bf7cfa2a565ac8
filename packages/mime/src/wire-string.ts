import { limits } from './limits.ts';
import type { OctetString } from './octet-string.ts';

/**
 * A string in IMAP wire form (RFC 9051 §9 `string`): quoted where 7-bit and short, else a literal. NUL can stand in neither
 * (§4.3) and becomes `?`. Eight-bit octets are literals also where IMAP4rev2 allows UTF-8 in quotes, because what the header
 * holds need not be UTF-8, and an IMAP4rev1 client may read the same stored answer.
 */
export function wireString(value: OctetString): OctetString {
  const text = value.includes('\0') ? value.replaceAll('\0', '?') : value;
  if (text.length > limits.quotedStringOctets || /[\r\n\x80-\xff]/.test(text)) return `{${text.length}}\r\n${text}`;
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** A string or NIL (RFC 9051 §9 `nstring`). */
export function wireNstring(value: OctetString | null): OctetString {
  return value === null ? 'NIL' : wireString(value);
}
