import { FieldCursor } from './field-cursor.ts';
import { limits } from './limits.ts';
import { lowerCase, type OctetString } from './octet-string.ts';

/**
 * The header fields that ENVELOPE is made of (RFC 9051 §7.5.2), and References: unfolded values as sent, null where absent.
 *
 * Of a repeated text field the first counts. Repeated address fields are all kept, and read as one list: RFC 5322
 * §4.5.3 says so for destinations, and for the others a reader must see each address that another program may show.
 */
export interface EnvelopeFields {
  readonly date: OctetString | null;
  readonly subject: OctetString | null;
  readonly from: readonly OctetString[];
  readonly sender: readonly OctetString[];
  readonly replyTo: readonly OctetString[];
  readonly to: readonly OctetString[];
  readonly cc: readonly OctetString[];
  readonly bcc: readonly OctetString[];
  readonly inReplyTo: OctetString | null;
  readonly messageId: OctetString | null;
  /** Not in ENVELOPE: threads are made of it (RFC 5256 §3). */
  readonly references: OctetString | null;
}

/** The header fields that describe a part (RFC 2045 §3, RFC 2183, RFC 2557 §4.2, RFC 3282, RFC 1864). */
interface MimeFields {
  readonly contentType: OctetString | null;
  readonly transferEncoding: OctetString | null;
  readonly id: OctetString | null;
  readonly description: OctetString | null;
  readonly md5: OctetString | null;
  readonly disposition: OctetString | null;
  readonly language: OctetString | null;
  readonly location: OctetString | null;
}

const textFields = new Map<string, 'date' | 'subject' | 'inReplyTo' | 'messageId' | 'references'>([
  ['date', 'date'],
  ['subject', 'subject'],
  ['in-reply-to', 'inReplyTo'],
  ['message-id', 'messageId'],
  ['references', 'references'],
]);

const addressFields = new Map<string, 'from' | 'sender' | 'replyTo' | 'to' | 'cc' | 'bcc'>([
  ['from', 'from'],
  ['sender', 'sender'],
  ['reply-to', 'replyTo'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
]);

const mimeFields = new Map<string, keyof MimeFields>([
  ['content-type', 'contentType'],
  ['content-transfer-encoding', 'transferEncoding'],
  ['content-id', 'id'],
  ['content-description', 'description'],
  ['content-md5', 'md5'],
  ['content-disposition', 'disposition'],
  ['content-language', 'language'],
  ['content-location', 'location'],
]);

/** Lengths of the names above: most other fields are told apart without making a string of their name. */
const knownNameLengths = new Set(
  [...textFields.keys(), ...addressFields.keys(), ...mimeFields.keys()].map((name) => name.length),
);

/** The fields of one header that the structure needs. */
export class HeaderFields implements EnvelopeFields, MimeFields {
  date: OctetString | null = null;
  subject: OctetString | null = null;
  from: OctetString[] = [];
  sender: OctetString[] = [];
  replyTo: OctetString[] = [];
  to: OctetString[] = [];
  cc: OctetString[] = [];
  bcc: OctetString[] = [];
  inReplyTo: OctetString | null = null;
  messageId: OctetString | null = null;
  references: OctetString | null = null;
  contentType: OctetString | null = null;
  transferEncoding: OctetString | null = null;
  id: OctetString | null = null;
  description: OctetString | null = null;
  md5: OctetString | null = null;
  disposition: OctetString | null = null;
  language: OctetString | null = null;
  location: OctetString | null = null;
  /** Octets of all values above. */
  retainedOctets = 0;
}

/**
 * Reads a header: at most `limits.headerFields` fields of it.
 *
 * @param header the octets of the header, with or without its blank line; nothing of it is kept alive
 * @param isMessage whether it is a message's, whose envelope is wanted, or only a part's
 */
export function parseHeader(header: Buffer, isMessage: boolean): HeaderFields {
  const fields = new HeaderFields();
  const cursor = new FieldCursor(header);
  for (let count = 0; count < limits.headerFields && cursor.next(); count++) {
    const nameLength = cursor.nameEnd - cursor.start;
    if (!knownNameLengths.has(nameLength)) continue;
    const name = lowerCase(header.toString('latin1', cursor.start, cursor.nameEnd));

    const mime = mimeFields.get(name);
    if (mime !== undefined) {
      fields[mime] ??= keep(fields, fieldValue(header, cursor, limits.fieldValueOctets));
    } else if (isMessage) {
      const text = textFields.get(name);
      const addresses = text === undefined ? addressFields.get(name) : undefined;
      // The end of References names the parent, so none of it is cut off.
      const most = text === 'references' ? header.length : limits.fieldValueOctets;
      if (text !== undefined) fields[text] ??= keep(fields, fieldValue(header, cursor, most));
      if (addresses !== undefined) fields[addresses].push(keep(fields, fieldValue(header, cursor, header.length)));
    }
  }
  return fields;
}

function keep(fields: HeaderFields, value: OctetString): OctetString {
  fields.retainedOctets += value.length;
  return value;
}

function fieldValue(header: Buffer, cursor: FieldCursor, maxOctets: number): OctetString {
  return unfold(header.toString('latin1', cursor.valueStart, Math.min(cursor.end, cursor.valueStart + maxOctets)));
}

/** A field's value unfolded (RFC 5322 §2.2.3: a line end before white space goes, the white space stays), trimmed. */
export function unfold(value: OctetString): OctetString {
  const lineFeed = value.indexOf('\n');
  const unfolded = lineFeed < 0 || lineFeed === value.length - 1 ? value : value.replace(/\r?\n/g, '');
  return trimWhiteSpace(unfolded);
}

/** Not `trim()`, which also takes U+00A0, here an octet of some character. */
function trimWhiteSpace(value: OctetString): OctetString {
  let start = 0;
  let end = value.length;
  while (start < end && isWhiteSpace(value.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(value.charCodeAt(end - 1))) end--;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

function isWhiteSpace(octet: number): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0a;
}
