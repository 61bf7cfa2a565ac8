import { FieldScanner, octetsExcept } from './field-scanner.ts';
import { limits } from './limits.ts';
import type { OctetString } from './octet-string.ts';
import { type Parameter, readParameters, tokenOctets } from './parameters.ts';

const SLASH = 0x2f;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

const languageOctets = octetsExcept(',;()"');

/** A media type (RFC 2045 §5.1), names as sent. */
export interface ContentType {
  readonly type: OctetString;
  readonly subtype: OctetString;
  readonly parameters: readonly Parameter[];
}

/** Content-Disposition (RFC 2183 §2), the type as sent. */
export interface Disposition {
  readonly type: OctetString;
  readonly parameters: readonly Parameter[];
}

/** Parses Content-Type; null if no `type/subtype` can be read, which RFC 2045 §5.2 has us take for plain text. */
export function parseContentType(value: OctetString): ContentType | null {
  const scanner = new FieldScanner(value);
  scanner.skipCfws();
  const type = scanner.run(tokenOctets);
  scanner.skipCfws();
  if (type === '' || !scanner.skip(SLASH)) return null;
  scanner.skipCfws();
  const subtype = scanner.run(tokenOctets);
  return subtype === '' ? null : { type, subtype, parameters: readParameters(scanner) };
}

/** Parses Content-Disposition; null if it does not begin with a token. */
export function parseDisposition(value: OctetString): Disposition | null {
  const scanner = new FieldScanner(value);
  scanner.skipCfws();
  const type = scanner.run(tokenOctets);
  const isWord = scanner.isAtEnd || scanner.skipCfws() || scanner.peek() === SEMICOLON;
  return type === '' || !isWord ? null : { type, parameters: readParameters(scanner) };
}

/**
 * Parses Content-Transfer-Encoding (RFC 2045 §6.1); null if it is no token alone, as `quoted printable` and `text/html`: no
 * mechanism of which that is a part is told. What a semicolon separates from the token is passed over, since programs
 * take the field for one with parameters.
 */
export function parseTransferEncoding(value: OctetString): OctetString | null {
  const scanner = new FieldScanner(value);
  scanner.skipCfws();
  const mechanism = scanner.run(tokenOctets);
  scanner.skipCfws();
  return mechanism !== '' && (scanner.isAtEnd || scanner.peek() === SEMICOLON) ? mechanism : null;
}

/** Parses the tags of Content-Language (RFC 3282 §2); null if there are none. */
export function parseLanguages(value: OctetString): readonly OctetString[] | null {
  const scanner = new FieldScanner(value);
  const languages: OctetString[] = [];
  while (!scanner.isAtEnd && languages.length < limits.languages) {
    scanner.skipCfws();
    const language = scanner.run(languageOctets);
    if (language !== '') languages.push(language);
    else if (!scanner.skip(COMMA)) scanner.position++;
  }
  return languages.length > 0 ? languages : null;
}
