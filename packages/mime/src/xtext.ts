/** RFC 3461 §4: xtext. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** @returns its octets, each as the character with that number; null if it is no xtext (RFC 3461 §4) */
export function decodeXtext(text: string): string | null {
  if (!XTEXT.test(text)) return null;
  return text.replace(/\+(..)/g, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
}
