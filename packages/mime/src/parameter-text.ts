import { decodeCharset } from './charset.ts';
import { decodeEncodedWords } from './encoded-words.ts';
import type { OctetString } from './octet-string.ts';
import { type Parameter, parameterValue } from './parameters.ts';

/**
 * The decoded value of a parameter by its lower-case name, null if there is none. The extended form (RFC 2231 §4) counts before
 * the plain one, in which encoded-words are decoded: RFC 2047 §5 forbids them there, but much mail has them.
 */
export function decodeParameterValue(parameters: readonly Parameter[], name: string): string | null {
  const extended = parameterValue(parameters, `${name}*`);
  if (extended !== null) return decodeExtendedValue(extended);
  const plain = parameterValue(parameters, name);
  return plain === null ? null : decodeEncodedWords(plain);
}

/** Decodes `charset'language'text` (RFC 2231 §4). Without the two quotes, all is text; what is no valid escape stays as it is. */
function decodeExtendedValue(value: OctetString): string {
  const charsetEnd = value.indexOf("'");
  const languageEnd = charsetEnd < 0 ? -1 : value.indexOf("'", charsetEnd + 1);
  const charset = languageEnd < 0 ? null : value.slice(0, charsetEnd);
  const octets = value
    .slice(languageEnd + 1)
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return decodeCharset(Buffer.from(octets, 'latin1'), charset || null);
}

/** The name that a part has as a file (RFC 2183 §2.3), else by the older `name` of its Content-Type; null if none. */
export function fileName(part: {
  readonly parameters: readonly Parameter[];
  readonly disposition: { readonly parameters: readonly Parameter[] } | null;
}): string | null {
  const name = part.disposition === null ? null : decodeParameterValue(part.disposition.parameters, 'filename');
  return name || decodeParameterValue(part.parameters, 'name') || null;
}
