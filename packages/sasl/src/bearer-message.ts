import { isUtf8 } from 'node:buffer';

/** What ends the pairs of key and value, and the message. */
export const SEPARATOR = '\x01';

/** Values have no controls but tab and line end (RFC 7628 §3.1). */
const PAIR = /^([A-Za-z]+)=([^\0-\x08\x0b\x0c\x0e-\x1f\x7f]*)$/;
/** RFC 6750 §2.1. The scheme is in any case: RFC 7628 §4. */
const CREDENTIALS = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * `kvsep 1*kvpair kvsep`: RFC 7628 §3.1, which has one pair that is required.
 *
 * @returns values by key, null if it is no such list or has a key twice
 */
export function parsePairs(text: string): ReadonlyMap<string, string> | null {
  if (!text.startsWith(SEPARATOR) || !text.endsWith(SEPARATOR + SEPARATOR)) return null;
  const pairs = new Map<string, string>();
  for (const pair of text.slice(1, -2).split(SEPARATOR)) {
    const [, key, value] = PAIR.exec(pair) ?? [];
    if (key === undefined || value === undefined || pairs.has(key)) return null;
    pairs.set(key, value);
  }
  return pairs;
}

/** The token of `Bearer TOKEN`, null if it is of another scheme or none. */
export function parseBearerCredentials(value: string): string | null {
  return CREDENTIALS.exec(value)?.[1] ?? null;
}

export function parseText(octets: Buffer): string | null {
  return isUtf8(octets) ? octets.toString('utf8') : null;
}
