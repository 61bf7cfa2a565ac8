import { type FieldScanner, octetsExcept } from './field-scanner.ts';
import { limits } from './limits.ts';
import { lowerCase, type OctetString } from './octet-string.ts';

/** A parameter of Content-Type or Content-Disposition (RFC 2045 §5.1): name as sent, value without its quoting. */
export interface Parameter {
  readonly name: OctetString;
  readonly value: OctetString;
}

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const OPEN = 0x28;

/** The octets of a token (RFC 2045 §5.1), 8-bit ones included. */
export const tokenOctets = octetsExcept('()<>@,;:\\"/[]?=');

/** An unquoted value as real mail has it: `boundary=----=_Part_1`, `name=photo(1).jpg`. */
const bareValueOctets = octetsExcept(';');

/** What RFC 2231 §7 lets stand unencoded in an extended value. */
const attributeOctets = (() => {
  const set = octetsExcept('()<>@,;:\\"/[]?=*\'%');
  set.fill(0, 0x80);
  return set;
})();

/** The value of a parameter by its lower-case name, null if there is none. */
export function parameterValue(parameters: readonly Parameter[], name: string): OctetString | null {
  for (const parameter of parameters) {
    if (parameter.name.length === name.length && lowerCase(parameter.name) === name) return parameter.value;
  }
  return null;
}

/**
 * Reads the parameters that follow a media type or disposition type, at most `limits.parameters` of them.
 *
 * Lenient, since a lost file name or boundary costs more than a strict reading gains: empty ones, missing semicolons and
 * unquoted special characters are passed over or taken. Of a repeated parameter the first counts, so that no two programs
 * behind us can see two boundaries or charsets. Continuations are joined (see `joinContinuations`).
 */
export function readParameters(scanner: FieldScanner): readonly Parameter[] {
  const seen = new Map<string, Parameter>();
  let hasContinuations = false;
  for (let count = 0; count < limits.parameters; count++) {
    do scanner.skipCfws();
    while (scanner.skip(SEMICOLON));
    if (scanner.isAtEnd) break;

    const name = scanner.run(tokenOctets);
    scanner.skipCfws();
    if (!scanner.skip(EQUALS)) {
      // Not a parameter. Where a semicolon was left out the next word may be one; else pass the octet in the way.
      if (name === '') scanner.position++;
      continue;
    }
    scanner.skipCfws();
    const value = readValue(scanner);
    const key = lowerCase(name);
    if (name === '' || seen.has(key)) continue;
    seen.set(key, { name, value });
    if (name.includes('*')) hasContinuations = true;
  }
  const parameters = [...seen.values()];
  return hasContinuations ? joinContinuations(parameters) : parameters;
}

/** A quoted string, or all up to the semicolon or a comment, so that `name=two words.txt` keeps both. */
function readValue(scanner: FieldScanner): OctetString {
  if (scanner.peek() === QUOTE) return scanner.quotedString();
  const start = scanner.position;
  let end = start;
  for (;;) {
    scanner.run(bareValueOctets);
    end = scanner.position;
    while (scanner.peek() <= 0x20 || scanner.peek() === 0x7f) scanner.position++;
    const next = scanner.peek();
    if (scanner.isAtEnd || next === SEMICOLON || next === OPEN || next === QUOTE || startsParameter(scanner)) break;
  }
  return scanner.text.slice(start, end);
}

/** Whether `name=` comes next, after a value whose semicolon was left out. */
function startsParameter(scanner: FieldScanner): boolean {
  const { position } = scanner;
  const isParameter = scanner.run(tokenOctets) !== '' && scanner.peek() === EQUALS;
  scanner.position = position;
  return isParameter;
}

interface Segment {
  readonly number: number;
  readonly isExtended: boolean;
  readonly value: OctetString;
}

/**
 * Joins the continuations of RFC 2231 §3: `name*0`, `name*1` become `name`, as RFC 9051 §7.5.2 asks of servers. If any
 * segment is extended (§4.1) the result is `name*` in percent-encoded form with the charset the sender gave: converting to
 * UTF-8, as RFC 9051 also suggests, would leave a value that no longer says its charset. Dovecot sends the same.
 *
 * Nothing is lost: segments after a gap, or without a segment 0, stay as sent.
 */
function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  const groups = new Map<string, Map<number, Segment>>();
  const parsed = parameters.map((parameter) => {
    const match = /^([^*]+)\*(0|[1-9][0-9]{0,2})(\*?)$/.exec(parameter.name);
    if (match === null) return null;
    const [, base = '', digits = '', star] = match;
    const segment: Segment = { number: Number(digits), isExtended: star === '*', value: parameter.value };
    const key = lowerCase(base);
    const group = groups.get(key) ?? new Map<number, Segment>();
    groups.set(key, group);
    if (!group.has(segment.number)) group.set(segment.number, segment);
    return { base, key, number: segment.number };
  });

  const joined: Parameter[] = [];
  const done = new Map<string, number>(); // how many segments of a group were joined
  for (const [index, parameter] of parameters.entries()) {
    const segment = parsed[index] ?? null;
    const group = segment === null ? undefined : groups.get(segment.key);
    if (segment === null || group === undefined || !group.has(0)) {
      joined.push(parameter);
      continue;
    }
    const count = done.get(segment.key);
    if (count === undefined) {
      const segments = consecutive(group);
      done.set(segment.key, segments.length);
      joined.push(joinSegments(segment.base, segments));
      if (segment.number >= segments.length) joined.push(parameter);
    } else if (segment.number >= count) {
      joined.push(parameter);
    }
  }
  return joined;
}

function consecutive(group: ReadonlyMap<number, Segment>): readonly Segment[] {
  const segments: Segment[] = [];
  for (let segment = group.get(0); segment !== undefined; segment = group.get(segments.length)) segments.push(segment);
  return segments;
}

function joinSegments(base: OctetString, segments: readonly Segment[]): Parameter {
  if (!segments.some((segment) => segment.isExtended)) {
    return { name: base, value: segments.map((segment) => segment.value).join('') };
  }
  const value = segments.map((segment) => (segment.isExtended ? segment.value : percentEncode(segment.value))).join('');
  // Charset and language stand in segment 0 only; either may be empty (RFC 2231 §4.1).
  return { name: `${base}*`, value: segments[0]?.isExtended ? value : `''${value}` };
}

function percentEncode(value: OctetString): OctetString {
  return value.replace(/./gs, (character) => {
    const octet = character.charCodeAt(0);
    return attributeOctets[octet] === 1 ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
