/** RFC 3461 §4: xtext. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** @returns its octets, each as the character with that number; null if it is no xtext (RFC 3461 §4) */
export function decodeXtext(text: string): string | null {
  if (!XTEXT.test(text)) return null;
  return text.replace(/\+(..)/g, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
}

/** The octets of a text in UTF-8 as xtext (RFC 3461 §4). */
export function encodeXtext(text: string): string {
  return [...Buffer.from(text)].map((octet) => (isPlain(octet) ? String.fromCharCode(octet) : hexOf(octet))).join('');
}

const PLUS = 0x2b;
const EQUALS = 0x3d;
const isPlain = (octet: number) => octet > 0x20 && octet < 0x7f && octet !== PLUS && octet !== EQUALS;
const hexOf = (octet: number) => `+${octet.toString(16).toUpperCase().padStart(2, '0')}`;
