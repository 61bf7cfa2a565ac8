import type { Disposition } from './content-fields.ts';
import type { EnvelopeFields } from './header-fields.ts';
import type { MessageText } from './message-text.ts';
import type { OctetString } from './octet-string.ts';
import type { Parameter } from './parameters.ts';

/** Where a part stands: offsets into the content, of what findSection needs and the part index keeps. */
export interface PartRange {
  /** What is in it: other parts (`multipart`), one embedded message (`message`), or no structure that we show. */
  readonly kind: 'leaf' | 'multipart' | 'message';
  /** Where its header begins. */
  readonly headerStart: number;
  /** Where its body begins: after the blank line, if there is one. */
  readonly bodyStart: number;
  /** Where its body ends: before the line end that belongs to the delimiter (RFC 2046 §5.1.1). */
  readonly end: number;
  /** The parts of a multipart, at least one; the root of an embedded message; else none. */
  readonly children: readonly PartRange[];
}

/** A part of a message, or the message itself as the root of all parts (RFC 2045 §2.5, RFC 9051 §7.5.2). */
export interface Part extends PartRange {
  /** As sent, or `text`; compare without regard to case. */
  readonly type: OctetString;
  readonly subtype: OctetString;
  readonly parameters: readonly Parameter[];
  readonly id: OctetString | null;
  readonly description: OctetString | null;
  /** Content-Transfer-Encoding as sent, or `7bit`. */
  readonly encoding: OctetString;
  readonly md5: OctetString | null;
  readonly disposition: Disposition | null;
  readonly language: readonly OctetString[] | null;
  readonly location: OctetString | null;
  /** Octets of the body as transferred. */
  readonly sizeOctets: number;
  /** Line ends in the body; what follows the last of them is not counted, as Dovecot and UW IMAP count. */
  readonly lines: number;
  readonly children: readonly Part[];
  /** The envelope of the embedded message, whose root is the only child; null unless the kind is `message`. */
  readonly message: EnvelopeFields | null;
}

/** What one pass over a message yields. */
export interface MessageStructure {
  readonly sizeOctets: number;
  /** Octets of the top header, its blank line included. */
  readonly headerOctets: number;
  readonly fields: EnvelopeFields;
  readonly root: Part;
  /** The decoded text, if it was asked for. */
  readonly text: MessageText | null;
}
