/**
 * Octets in a string, one character (U+0000 to U+00FF) an octet: what `latin1` decodes to. Header values are kept so,
 * exactly as sent: V8 holds them in one byte a character and cuts and joins them faster than Buffers, and whoever
 * wants text decodes them with `Buffer.from(value, 'latin1')`.
 */
export type OctetString = string;

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;

/** Lower case of A to Z only, as names in mail compare: U+00C0 is an octet here and not a letter. */
export function lowerCase(name: OctetString): OctetString {
  return /[\x80-\uffff]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name.toLowerCase();
}

/** A Buffer over the same memory, for callers that hold a plain Uint8Array. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
