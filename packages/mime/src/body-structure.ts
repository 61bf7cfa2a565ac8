import { AddressAllowance, wireEnvelope } from './envelope.ts';
import { lowerCase, type OctetString } from './octet-string.ts';
import { type Parameter, parameterValue } from './parameters.ts';
import type { Part } from './part.ts';
import { wireNstring, wireString } from './wire-string.ts';

/** BODYSTRUCTURE in wire form, with all extension data (RFC 9051 §7.5.2, §9 `body`). */
export function bodyStructure(root: Part): Buffer {
  return write(root, true);
}

/** BODY, the form without extension data. */
export function body(root: Part): Buffer {
  return write(root, false);
}

/** Depth first with a stack of our own: what is still to be written, text and parts, last first. */
function write(root: Part, isExtensible: boolean): Buffer {
  const written: OctetString[] = [];
  const pending: (OctetString | Part)[] = [root];
  const allowance = new AddressAllowance();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') {
      written.push(next);
    } else if (next.kind === 'multipart') {
      written.push('(');
      pending.push(multipartEnd(next, isExtensible), ...next.children.toReversed());
    } else if (next.kind === 'message' && next.message !== null) {
      written.push(`(${basicFields(next)} ${wireEnvelope(next.message, allowance)} `);
      pending.push(` ${next.lines}${extensionData(next, isExtensible)})`, ...next.children);
    } else {
      const lines = isText(next) ? ` ${next.lines}` : '';
      written.push(`(${basicFields(next)}${lines}${extensionData(next, isExtensible)})`);
    }
  }
  return Buffer.from(written.join(''), 'latin1');
}

function multipartEnd(part: Part, isExtensible: boolean): OctetString {
  const extension = isExtensible ? ` ${wireParameters(part.parameters)} ${dispositionToLocation(part)}` : '';
  return ` ${wireString(part.subtype)}${extension})`;
}

/** From the type to the size in octets (`body-fields` and what precedes it). */
function basicFields(part: Part): OctetString {
  const parameters = isText(part) ? withCharset(part.parameters) : part.parameters;
  return [
    wireString(part.type),
    wireString(part.subtype),
    wireParameters(parameters),
    wireNstring(part.id),
    wireNstring(part.description),
    wireString(part.encoding),
    part.sizeOctets,
  ].join(' ');
}

function extensionData(part: Part, isExtensible: boolean): OctetString {
  return isExtensible ? ` ${wireNstring(part.md5)} ${dispositionToLocation(part)}` : '';
}

function dispositionToLocation({ disposition, language, location }: Part): OctetString {
  const wireDisposition =
    disposition === null ? 'NIL' : `(${wireString(disposition.type)} ${wireParameters(disposition.parameters)})`;
  const wireLanguage = language === null ? 'NIL' : `(${language.map(wireString).join(' ')})`;
  return `${wireDisposition} ${wireLanguage} ${wireNstring(location)}`;
}

function wireParameters(parameters: readonly Parameter[]): OctetString {
  if (parameters.length === 0) return 'NIL';
  return `(${parameters.map(({ name, value }) => `${wireString(name)} ${wireString(value)}`).join(' ')})`;
}

function isText(part: Part): boolean {
  return lowerCase(part.type) === 'text';
}

/** RFC 2045 §5.2: text that names no charset is in US-ASCII. Dovecot writes it out so for all subtypes of text. */
function withCharset(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameterValue(parameters, 'charset') === null
    ? [...parameters, { name: 'charset', value: 'us-ascii' }]
    : parameters;
}
