/** Writes DER (X.690 §10) in a browser: as much as a certificate and a PKCS#12 file take (packages/tls-pubkey has it for Node). */

export type Octets = Uint8Array<ArrayBuffer>;

export function joined(...parts: readonly Uint8Array[]): Octets {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function element(tag: number, ...contents: readonly Uint8Array[]): Octets {
  const content = joined(...contents);
  return joined(Uint8Array.of(tag), lengthOctets(content.length), content);
}

function lengthOctets(length: number): Octets {
  return length < 0x80
    ? Uint8Array.of(length)
    : joined(Uint8Array.of(0x80 | unsigned(length).length), unsigned(length));
}

function unsigned(value: number): Octets {
  const octets = [value & 0xff];
  for (let left = value >>> 8; left > 0; left >>>= 8) octets.unshift(left & 0xff);
  return Uint8Array.from(octets);
}

export const sequence = (...elements: readonly Uint8Array[]) => element(0x30, ...elements);

/** Its elements stand in the order of their encodings (X.690 §11.6). */
export const setOf = (...elements: readonly Uint8Array[]) => element(0x31, ...elements.toSorted(compare));

function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((octet, i) => octet !== b[i]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

export const explicit = (number: number, inner: Uint8Array) => element(0xa0 | number, inner);
export const implicitOctets = (number: number, octets: Uint8Array) => element(0x80 | number, octets);
export const trueValue = () => element(0x01, Uint8Array.of(0xff));
export const nullValue = () => element(0x05);

/** A positive number; an octet string is its octets, the highest first. */
export function integer(value: number | Uint8Array): Octets {
  const octets = typeof value === 'number' ? unsigned(value) : value;
  const first = octets.findIndex((octet) => octet !== 0);
  const short = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  return (short[0] ?? 0) >= 0x80 ? element(0x02, Uint8Array.of(0), short) : element(0x02, short);
}

export const bitString = (octets: Uint8Array, unusedBits = 0) => element(0x03, Uint8Array.of(unusedBits), octets);
export const octetString = (octets: Uint8Array) => element(0x04, octets);
export const utf8String = (text: string) => element(0x0c, new TextEncoder().encode(text));

/** Characters of two octets each, the higher first. */
export const bmpCharacters = (text: string): Octets =>
  Uint8Array.from(
    Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).flatMap((code) => [code >> 8, code & 0xff]),
  );

export const bmpString = (text: string) => element(0x1e, bmpCharacters(text));

/** @param text `1.2.840.113549`; arcs below 2^31 */
export function objectIdentifier(text: string): Octets {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(0x06, ...[40 * first + second, ...rest].map(base128));
}

function base128(arc: number): Octets {
  const digits = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
  return Uint8Array.from(digits);
}

/** UTCTime, through 2049 (RFC 5280 §4.1.2.5). Whole seconds. */
export function utcTime(moment: Date): Octets {
  const digits = moment
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return element(0x17, new TextEncoder().encode(digits.slice(2)));
}
