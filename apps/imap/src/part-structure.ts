/** What of BODYSTRUCTURE, as it is sent, is about one part of the message. */

const OPEN = 0x28;
const CLOSE = 0x29;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const LF = 0x0a;
/** Of body-type-msg (RFC 9051 §9), counted from 0: behind type, subtype, four fields of every part, its size and the envelope. */
const BODY_OF_MESSAGE = 8;

/**
 * @param structure of the message
 * @param path numbers of parts (RFC 9051 §6.4.5.1); none: the message itself
 * @returns null if there is no such part
 */
export function partStructure(structure: Buffer, path: readonly number[]): Buffer | null {
  /** What numbers count the parts of: a multipart, or a message, which has one part if it is none. */
  let body = structure;
  let part = structure;
  for (const [depth, number] of path.entries()) {
    if (depth > 0) {
      const inner = isMultipart(part) ? part : bodyOfMessage(part);
      if (inner === null) return null;
      body = inner;
    }
    const found = isMultipart(body) ? partOf(body, number) : number === 1 ? body : null;
    if (found === null) return null;
    part = found;
  }
  return part;
}

const isMultipart = (body: Buffer): boolean => body[1] === OPEN;

/** Its parts come first, with nothing between them. */
function partOf(multipart: Buffer, number: number): Buffer | null {
  let at = 1;
  for (let before = 1; before < number && multipart[at] === OPEN; before++) at = endOfValue(multipart, at);
  return multipart[at] === OPEN ? multipart.subarray(at, endOfValue(multipart, at)) : null;
}

/** Null if the part is no message. */
function bodyOfMessage(part: Buffer): Buffer | null {
  const values = valuesOf(part, BODY_OF_MESSAGE + 1);
  const [type, envelope, body] = [values[0], values[BODY_OF_MESSAGE - 1], values[BODY_OF_MESSAGE]];
  const isMessage = type?.toString('latin1').toLowerCase() === '"message"' && envelope?.[0] === OPEN;
  return isMessage && body?.[0] === OPEN ? body : null;
}

/** The first values of a list, as many as there are of so many. */
function valuesOf(list: Buffer, most: number): readonly Buffer[] {
  const values: Buffer[] = [];
  let at = 1;
  while (values.length < most && at < list.length && list[at] !== CLOSE) {
    const end = endOfValue(list, at);
    values.push(list.subarray(at, end));
    at = end + 1;
  }
  return values;
}

/** A string, a list, or a number or NIL. */
function endOfValue(octets: Buffer, start: number): number {
  let at = start;
  let depth = 0;
  do {
    switch (octets[at]) {
      case OPEN:
        depth++;
        at++;
        break;
      case CLOSE:
        depth--;
        at++;
        break;
      case QUOTE:
        at = endOfQuoted(octets, at);
        break;
      case BRACE:
        at = endOfLiteral(octets, at);
        break;
      case SPACE:
        at++;
        break;
      default:
        while (at < octets.length && octets[at] !== SPACE && octets[at] !== CLOSE && octets[at] !== OPEN) at++;
    }
  } while (depth > 0 && at < octets.length);
  return at;
}

function endOfQuoted(octets: Buffer, start: number): number {
  let at = start + 1;
  while (at < octets.length && octets[at] !== QUOTE) at += octets[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endOfLiteral(octets: Buffer, start: number): number {
  const line = octets.indexOf(LF, start);
  return line + 1 + Number.parseInt(octets.toString('latin1', start + 1, line), 10);
}
