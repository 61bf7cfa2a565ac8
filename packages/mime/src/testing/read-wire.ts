/** A value of IMAP wire form: NIL, a string's octets, a number, or a list. */
export type WireValue = null | string | number | readonly WireValue[];

/**
 * Reads one parenthesized answer, strictly: quoted strings without CR, LF, NUL or 8-bit octets, literals of exactly their
 * length, nothing after the end. Throws on anything else. For tests, to have the writers judged by other code.
 */
export function readWire(octets: Buffer): WireValue {
  const text = octets.toString('latin1');
  const open: WireValue[][] = [[]];
  let position = 0;
  const fail = (why: string): never => {
    throw new Error(`${why} at ${position}: ${JSON.stringify(text.slice(Math.max(position - 20, 0), position + 20))}`);
  };
  const add = (value: WireValue) => open.at(-1)?.push(value);
  while (position < text.length) {
    const rest = text[position];
    if (rest === '(') {
      const list: WireValue[] = [];
      add(list);
      open.push(list);
      position++;
    } else if (rest === ')') {
      if (open.length < 2) fail('Unbalanced');
      if (open.pop()?.length === 0) fail('Empty list');
      position++;
    } else if (rest === ' ') {
      if (open.at(-1)?.length === 0 || text[position + 1] === ' ' || text[position + 1] === ')') fail('Stray space');
      position++;
    } else if (rest === '"') {
      let value = '';
      for (position++; text[position] !== '"'; position++) {
        if (text[position] === '\\') {
          position++;
          if (text[position] !== '"' && text[position] !== '\\') fail('Bad escape');
        }
        const octet = text.charCodeAt(position);
        if (!(octet > 0 && octet < 0x80 && octet !== 0x0a && octet !== 0x0d)) fail('Octet not allowed in quotes');
        value += text[position];
      }
      add(value);
      position++;
    } else if (rest === '{') {
      const close = text.indexOf('}\r\n', position);
      const length = Number(text.slice(position + 1, close));
      const start = close + 3;
      if (!Number.isInteger(length) || close < 0 || start + length > text.length) fail('Bad literal');
      const value = text.slice(start, start + length);
      if (value.includes('\0')) fail('NUL in literal');
      add(value);
      position = start + length;
    } else {
      const start = position;
      while (position < text.length && !' ()"{'.includes(text[position] ?? '')) position++;
      const word = text.slice(start, position);
      if (word === 'NIL') add(null);
      else if (/^[0-9]+$/.test(word)) add(Number(word));
      else fail('Unknown word');
    }
  }
  if (open.length !== 1 || open[0]?.length !== 1) fail('Unbalanced');
  return open[0]?.[0] ?? null;
}

function isNstring(value: WireValue | undefined): boolean {
  return value === null || typeof value === 'string';
}

function isParameters(value: WireValue | undefined): boolean {
  if (value === null) return true;
  return Array.isArray(value) && value.length % 2 === 0 && value.every((item) => typeof item === 'string');
}

/** Whether a value fits `envelope` (RFC 9051 §9). */
export function isEnvelope(value: WireValue | undefined): boolean {
  if (!Array.isArray(value) || value.length !== 10) return false;
  return value.every((member, index) => {
    if (index < 2 || index > 7) return isNstring(member);
    if (member === null) return true;
    return (
      Array.isArray(member) &&
      member.every((address) => Array.isArray(address) && address.length === 4 && address.every(isNstring))
    );
  });
}

function isExtension(values: readonly WireValue[]): boolean {
  const [disposition, language, location, ...rest] = values;
  const isDisposition =
    disposition === null ||
    (Array.isArray(disposition) && typeof disposition[0] === 'string' && isParameters(disposition[1]));
  const isLanguage =
    isNstring(language) || (Array.isArray(language) && language.every((tag) => typeof tag === 'string'));
  return isDisposition && isLanguage && isNstring(location) && values.length === 3 && rest.length === 0;
}

/** Whether a value fits `body` (RFC 9051 §9), with or without extension data. */
export function isBody(root: WireValue, isExtensible: boolean): boolean {
  const pending: (WireValue | undefined)[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (!Array.isArray(value)) return false;
    const parts = value.findIndex((item) => !Array.isArray(item));
    if (parts > 0) {
      pending.push(...value.slice(0, parts));
      const [subtype, parameters, ...extension] = value.slice(parts);
      if (typeof subtype !== 'string') return false;
      if (isExtensible ? !isParameters(parameters) || !isExtension(extension) : value.length !== parts + 1)
        return false;
      continue;
    }
    const [type, subtype, parameters, id, description, encoding, size, ...rest] = value;
    if (typeof type !== 'string' || typeof subtype !== 'string' || type.toLowerCase() === 'multipart') return false;
    if (!isParameters(parameters) || !isNstring(id) || !isNstring(description)) return false;
    if (typeof encoding !== 'string' || typeof size !== 'number') return false;
    if (type.toLowerCase() === 'text') {
      if (typeof rest.shift() !== 'number') return false;
    } else if (type.toLowerCase() === 'message' && ['rfc822', 'global'].includes(subtype.toLowerCase())) {
      const [envelope, body, lines] = rest.splice(0, 3);
      if (!isEnvelope(envelope) || typeof lines !== 'number') return false;
      pending.push(body);
    }
    const [md5, ...extension] = rest;
    if (isExtensible ? !isNstring(md5) || !isExtension(extension) : rest.length !== 0) return false;
  }
  return true;
}
