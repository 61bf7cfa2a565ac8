/**
 * Writes DER (X.690 §10), as much of it as certificates and PKCS#12 files take. Nothing here reads: what others wrote is
 * OpenSSL's to read.
 */

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const BMP_STRING = 0x1e;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOctets(content.length), content]);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const octets = unsigned(length);
  return Buffer.concat([Buffer.of(0x80 | octets.length), octets]);
}

function unsigned(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

export const sequence = (...elements: readonly Uint8Array[]): Buffer => element(SEQUENCE, ...elements);

/** Its elements stand in the order of their encodings (X.690 §11.6). */
export const setOf = (...elements: readonly Uint8Array[]): Buffer => element(SET, ...elements.toSorted(Buffer.compare));

/** `[number]`, explicit: around an element. */
export const explicit = (number: number, inner: Uint8Array): Buffer => element(CONTEXT | CONSTRUCTED | number, inner);

/** `[number] IMPLICIT OCTET STRING`. */
export const implicitOctets = (number: number, octets: Uint8Array): Buffer => element(CONTEXT | number, octets);

export const trueValue = (): Buffer => element(BOOLEAN, Buffer.of(0xff));

export const nullValue = (): Buffer => element(NULL);

/** A positive number; an octet string is its octets, the highest first. */
export function integer(value: number | Uint8Array): Buffer {
  const octets = typeof value === 'number' ? unsigned(value) : value;
  const isNegative = (octets[0] ?? 0) >= 0x80;
  return isNegative ? element(INTEGER, Buffer.of(0), octets) : element(INTEGER, octets);
}

/** @param unusedBits how many bits at the end of the last octet are none of it */
export const bitString = (octets: Uint8Array, unusedBits = 0): Buffer =>
  element(BIT_STRING, Buffer.of(unusedBits), octets);

export const octetString = (octets: Uint8Array): Buffer => element(OCTET_STRING, octets);

export const utf8String = (text: string): Buffer => element(UTF8_STRING, Buffer.from(text, 'utf8'));

/** Characters of two octets each, the higher first. */
export const bmpCharacters = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

export const bmpString = (text: string): Buffer => element(BMP_STRING, bmpCharacters(text));

/** @param text `1.2.840.113549`; arcs below 2^31 */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(OBJECT_IDENTIFIER, ...[40 * first + second, ...rest].map(base128));
}

function base128(arc: number): Buffer {
  const digits = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
  return Buffer.from(digits);
}

/** UTCTime through 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). Whole seconds. */
export function time(moment: Date): Buffer {
  const digits = moment
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  const isShort = digits >= '1950' && digits < '2050';
  return element(isShort ? UTC_TIME : GENERALIZED_TIME, Buffer.from(isShort ? digits.slice(2) : digits, 'latin1'));
}
