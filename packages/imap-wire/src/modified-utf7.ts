const PRINTABLE = /^[\x20-\x25\x27-\x7e]*$/;
/** `&-`, or `&`, modified base64 and `-`. */
const SHIFTED = /&([A-Za-z0-9+,]*)-/g;
const UNPRINTABLE_RUNS = /&|[^\x20-\x7e]+/g;

/** Encodes a mailbox name in modified UTF-7: RFC 3501 §5.1.3. A lone surrogate becomes U+FFFD. */
export function encodeModifiedUtf7(name: string): string {
  if (PRINTABLE.test(name)) return name;
  return name.toWellFormed().replace(UNPRINTABLE_RUNS, (run) => (run === '&' ? '&-' : `&${toBase64(run)}-`));
}

/**
 * Decodes a mailbox name from modified UTF-7: RFC 3501 §5.1.3.
 *
 * Only the one canonical form of a name is taken, so that no two encoded names mean the same mailbox.
 *
 * @returns `null` if it is malformed: a character outside printable US-ASCII, base64 without its `-`, of odd length or
 *   with bits left over, a lone surrogate, a superfluous shift, a printable character encoded
 */
export function decodeModifiedUtf7(encoded: string): string | null {
  if (PRINTABLE.test(encoded)) return encoded;
  const name = encoded.replace(SHIFTED, (_, base64: string) => (base64 === '' ? '&' : fromBase64(base64)));
  // Whatever was malformed cannot come out of the encoder.
  return encodeModifiedUtf7(name) === encoded ? name : null;
}

function toBase64(run: string): string {
  return Buffer.from(run, 'utf16le').swap16().toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}

function fromBase64(base64: string): string {
  const octets = Buffer.from(base64.replaceAll(',', '/'), 'base64');
  return octets
    .subarray(0, octets.length & ~1)
    .swap16()
    .toString('utf16le');
}
