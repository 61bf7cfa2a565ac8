import { parseContentType, parseDisposition, parseLanguages, parseTransferEncoding } from './content-fields.ts';
import { type EnvelopeFields, type HeaderFields, parseHeader } from './header-fields.ts';
import { HeaderStore } from './header-store.ts';
import { limits } from './limits.ts';
import { TextCollector } from './message-text.ts';
import { asBuffer, CR, LF, lowerCase, type OctetString, SPACE, TAB } from './octet-string.ts';
import { OpenBoundaries } from './open-boundaries.ts';
import { parameterValue } from './parameters.ts';
import type { MessageStructure, Part } from './part.ts';

const HYPHEN = 0x2d;

/** A part while we are in it. */
interface OpenPart {
  readonly part: PartBuilder;
  /** Whether its header is a message's: the root's, or that of an embedded message. */
  readonly isMessage: boolean;
  /** Whether it stands in a multipart/digest. */
  readonly isInDigest: boolean;
  /** The innermost multipart/alternative around it. */
  readonly alternative: Part | null;
  /** The boundary it listens for: that of a multipart, until its close delimiter. */
  boundary: OctetString | null;
  /** Line ends in the content before its body. */
  linesBeforeBody: number;
}

class PartBuilder implements Part {
  kind: Part['kind'] = 'leaf';
  type = 'text';
  subtype = 'plain';
  parameters: Part['parameters'] = [];
  id: Part['id'] = null;
  description: Part['description'] = null;
  encoding = '7bit';
  md5: Part['md5'] = null;
  disposition: Part['disposition'] = null;
  language: Part['language'] = null;
  location: Part['location'] = null;
  readonly headerStart: number;
  bodyStart: number;
  end: number;
  sizeOctets = 0;
  lines = 0;
  readonly children: PartBuilder[] = [];
  message: EnvelopeFields | null = null;

  constructor(headerStart: number) {
    this.headerStart = headerStart;
    this.bodyStart = headerStart;
    this.end = headerStart;
  }
}

/**
 * Finds the structure of a message in one pass over its octets, given in chunks of any size, in time linear in their
 * number. Holds no more than one header and the structure found (`limits`), never a body. Takes any octets without
 * throwing: what is malformed becomes a part of some kind, and every range is exact.
 *
 * Choices where the texts leave one:
 * - MIME-Version is not asked for (RFC 2045 §5.2 allows it): people expect their attachments from careless programs too.
 * - Bare LF ends a line like CRLF, since IMAP APPEND may store such a message.
 * - A delimiter line is matched whole, so a boundary may be the beginning of another. It also ends a header, and with it all
 *   parts inside its multipart (RFC 2046 §5.1.2).
 * - The blank line that ends a part's header stays in that header even right before a delimiter, as in Dovecot, so that
 *   BODY[n.MIME] is a whole header.
 * - A multipart without a delimiter, or without a usable boundary, has one empty text/plain part, as in Dovecot and Cyrus.
 * - An embedded message in base64 or quoted-printable (against RFC 2046 §5.2.1, but message/global may: RFC 6532 §3.5) has no
 *   header that byte ranges could point at. It is shown as application/octet-stream, which RFC 2045 §6.4 prescribes for
 *   encodings one cannot handle; clients decode and save it. On a multipart such an encoding is simply untrue: ignored.
 */
export class MessageParser {
  readonly #open: OpenPart[] = [];
  readonly #boundaries = new OpenBoundaries();
  readonly #header = new HeaderStore();
  #isInHeader = false;
  #parts = 0;
  #retainedOctets = 0;
  #fields: EnvelopeFields | null = null;

  /** The chunk in hand, empty between calls, and its offset in the content. */
  #chunk: Buffer = noOctets;
  #chunkOffset = 0;
  /** Line ends passed. */
  #lines = 0;
  /** Octets of the line end before the current line: 2 for CRLF, 1 for bare LF, 0 at the very beginning. */
  #lineEndOctets = 0;

  /** A line that began in an earlier chunk: its first octets, as many as a delimiter may have, and its length so far. */
  readonly #partial: Buffer = Buffer.allocUnsafe(limits.delimiterLineOctets);
  #partialLength = 0;
  #partialLast = 0;

  readonly #text: TextCollector | null;
  /** Whether the text of the innermost part is being collected. */
  #isInText = false;
  /** Up to here, as an offset of the content, octets were given to the collector. */
  #textOffset = 0;
  /** The octets behind that offset from chunks that are gone: they may belong to a delimiter. */
  #held: Buffer = noOctets;
  #heldLength = 0;

  /** @param options `collectText`: decode the text too, for `text` of the result */
  constructor(options: { readonly collectText?: boolean } = {}) {
    this.#text = options.collectText === true ? new TextCollector() : null;
    this.#openPart(0, true, false);
  }

  /** Takes the next octets. The chunk may be reused after the call. */
  push(chunk: Uint8Array): void {
    const octets = asBuffer(chunk);
    this.#chunk = octets;
    let start = this.#partialLength > 0 ? this.#finishPartialLine() : 0;
    while (start < octets.length) {
      const lineFeed = octets.indexOf(LF, start);
      if (lineFeed < 0) {
        this.#keepPartialLine(start);
        break;
      }
      const end = lineFeed + 1;
      // Most lines of a body are neither delimiter nor anything else to look at: keep their path this short.
      if (this.#isInHeader || octets[start] === HYPHEN) this.#takeLine(octets, start, end, this.#chunkOffset + start);
      this.#lines++;
      this.#lineEndOctets = lineFeed > start && octets[lineFeed - 1] === CR ? 2 : 1;
      if (this.#isInHeader) this.#endHeaderAfterBlankLine(octets, start, end, this.#chunkOffset + end);
      start = end;
    }
    if (this.#isInHeader) this.#header.save(octets, this.#chunkOffset);
    if (this.#isInText) this.#holdText();
    this.#chunkOffset += octets.length;
    this.#chunk = noOctets;
  }

  /** Ends the message. The parser is not to be used again. */
  end(): MessageStructure {
    if (this.#partialLength > 0 && this.#partialLength <= limits.delimiterLineOctets) {
      this.#takeLine(this.#partial, 0, this.#partialLength, this.#chunkOffset - this.#partialLength);
    }
    while (this.#isInHeader) this.#endHeader(this.#chunkOffset, this.#lines);
    if (this.#isInText) this.#endText(this.#chunkOffset);
    const root = this.#open[0]?.part ?? new PartBuilder(0);
    this.#closeParts(0, this.#chunkOffset, this.#lines);
    return {
      sizeOctets: this.#chunkOffset,
      headerOctets: root.bodyStart,
      fields: this.#fields ?? parseHeader(noOctets, true),
      root,
      text: this.#text?.end() ?? null,
    };
  }

  #keepPartialLine(start: number): void {
    const octets = this.#chunk;
    octets.copy(this.#partial, 0, start);
    this.#partialLength = octets.length - start;
    this.#partialLast = octets[octets.length - 1] ?? 0;
  }

  /** Completes the line begun in earlier chunks, if this chunk does so, and tells where in the chunk it ends. */
  #finishPartialLine(): number {
    const octets = this.#chunk;
    const lineFeed = octets.indexOf(LF);
    const end = lineFeed < 0 ? octets.length : lineFeed + 1;
    octets.copy(this.#partial, Math.min(this.#partialLength, this.#partial.length), 0, end);
    const last = end > 1 ? (octets[end - 2] ?? 0) : this.#partialLast;
    if (end > 0) this.#partialLast = octets[end - 1] ?? 0;
    this.#partialLength += end;
    if (lineFeed < 0) return end;

    const length = this.#partialLength;
    this.#partialLength = 0;
    const isWhole = length <= this.#partial.length;
    const lineOffset = this.#chunkOffset + end - length;
    if (isWhole) this.#takeLine(this.#partial, 0, length, lineOffset);
    this.#lines++;
    this.#lineEndOctets = last === CR ? 2 : 1;
    if (isWhole && this.#isInHeader) this.#endHeaderAfterBlankLine(this.#partial, 0, length, this.#chunkOffset + end);
    return end;
  }

  /** Looks at a whole line, its line end (if it has one) included, for a delimiter (RFC 2046 §5.1.1). */
  #takeLine(octets: Buffer, start: number, end: number, lineOffset: number): void {
    if (octets[start] !== HYPHEN || octets[start + 1] !== HYPHEN || this.#boundaries.isEmpty) return;
    if (end - start > limits.delimiterLineOctets) return;
    let last = end;
    if (octets[last - 1] === LF) last--;
    if (octets[last - 1] === CR) last--;
    while (octets[last - 1] === SPACE || octets[last - 1] === TAB) last--; // transport padding
    const text = octets.toString('latin1', start + 2, last);
    const delimiter = this.#boundaries.innermost(text);
    const closeDelimiter = text.endsWith('--') ? this.#boundaries.innermost(text.slice(0, -2)) : -1;
    const level = Math.max(delimiter, closeDelimiter);
    if (level >= 0) this.#takeDelimiter(level, closeDelimiter > delimiter, lineOffset, lineOffset + end - start);
  }

  #takeDelimiter(level: number, isClose: boolean, lineOffset: number, nextLineOffset: number): void {
    const bodyEnd = lineOffset - this.#lineEndOctets; // that line end belongs to the delimiter
    const lines = this.#lines - 1;
    while (this.#isInHeader) this.#endHeader(bodyEnd, lines);
    if (this.#isInText) this.#endText(bodyEnd);
    this.#closeParts(level + 1, bodyEnd, lines);

    const multipart = this.#open[level];
    if (multipart === undefined) return;
    if (!isClose && this.#mayOpenPart()) {
      this.#openPart(nextLineOffset, false, lowerCase(multipart.part.subtype) === 'digest');
    } else {
      this.#closeBoundary(multipart); // what follows is epilogue, or past a limit and treated as such
    }
  }

  #mayOpenPart(): boolean {
    return (
      this.#open.length < limits.depth && this.#parts < limits.parts && this.#retainedOctets < limits.retainedOctets
    );
  }

  #openPart(headerStart: number, isMessage: boolean, isInDigest: boolean): void {
    const part = new PartBuilder(headerStart);
    const around = this.#open.at(-1);
    around?.part.children.push(part);
    const isAlternative = around !== undefined && lowerCase(around.part.subtype) === 'alternative';
    const alternative = isAlternative ? around.part : (around?.alternative ?? null);
    this.#open.push({ part, isMessage, isInDigest, alternative, boundary: null, linesBeforeBody: 0 });
    this.#parts++;
    this.#isInHeader = true;
    this.#header.begin(headerStart);
  }

  #endHeaderAfterBlankLine(octets: Buffer, start: number, end: number, bodyStart: number): void {
    // A delimiter line may just have opened this header; it is not blank.
    if (octets[start] === LF || (octets[start] === CR && end - start === 2)) this.#endHeader(bodyStart, this.#lines);
  }

  /**
   * Ends the header of the innermost part and decides what its body is. Another header may begin at once.
   *
   * @param offset where the header ends
   * @param lines line ends in the content up to there
   */
  #endHeader(offset: number, lines: number): void {
    const open = this.#open.at(-1);
    this.#isInHeader = false;
    if (open === undefined) return;
    const { part } = open;
    // Right before it a delimiter: the part is empty, and the line end between them is the earlier delimiter's.
    const isAbsent = offset < part.headerStart;
    const bodyStart = isAbsent ? part.headerStart : offset;
    part.bodyStart = bodyStart;
    open.linesBeforeBody = isAbsent ? this.#lines : lines;

    const header = this.#header.take(bodyStart, this.#chunk, this.#chunkOffset);
    const fields = parseHeader(header, open.isMessage);
    this.#retainedOctets += fields.retainedOctets;
    if (open.isMessage) this.#setEnvelope(fields);
    describe(part, fields, open.isInDigest);
    if (open.isMessage) this.#text?.takeHeader(header, this.#open.length === 1);
    this.#text?.takeName(part);

    const type = lowerCase(part.type);
    if (type === 'multipart') {
      if (!this.#mayOpenPart()) {
        makeOpaque(part);
        this.#beginText(part);
        return;
      }
      part.kind = 'multipart';
      const boundary = usableBoundary(part);
      if (boundary === null) return;
      open.boundary = boundary;
      this.#boundaries.open(boundary, this.#open.length - 1);
    } else if (type === 'message' && isEmbeddedMessage(lowerCase(part.subtype))) {
      if (!this.#mayOpenPart() || !isIdentity(lowerCase(part.encoding))) {
        makeOpaque(part);
        this.#beginText(part);
        return;
      }
      part.kind = 'message';
      this.#openPart(bodyStart, true, false);
    } else {
      this.#beginText(part);
    }
  }

  /** The innermost part is the root of a message: its fields are the envelope of the part around it, or of the whole. */
  #setEnvelope(fields: EnvelopeFields): void {
    const around = this.#open.at(-2);
    if (around === undefined) this.#fields = fields;
    else around.part.message = fields;
  }

  #beginText(part: Part): void {
    if (this.#text === null) return;
    this.#isInText = this.#text.beginPart(part, this.#open.at(-1)?.alternative ?? null);
    this.#textOffset = part.bodyStart;
    this.#heldLength = 0;
  }

  /** Gives the collector what is certainly text of the chunk that is about to go, and holds the rest. */
  #holdText(): void {
    const octets = this.#chunk;
    const end = this.#chunkOffset + octets.length;
    const length = this.#partialLength;
    // The line end before a delimiter is not text, and the line in hand may be the beginning of one.
    const mayBeDelimiter =
      !this.#boundaries.isEmpty &&
      length <= limits.delimiterLineOctets &&
      this.#partial[0] === HYPHEN &&
      (length === 1 || this.#partial[1] === HYPHEN);
    let certain = end;
    if (length === 0 || mayBeDelimiter) certain -= length + this.#lineEndOctets;
    else if (this.#partialLast === CR) certain--;
    this.#passText(certain);
    const from = Math.max(this.#textOffset + this.#heldLength - this.#chunkOffset, 0);
    if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(limits.delimiterLineOctets + 2);
    this.#heldLength += octets.copy(this.#held, this.#heldLength, from);
  }

  /** Gives the collector the octets up to this offset. */
  #passText(end: number): void {
    const fromHeld = Math.min(this.#heldLength, Math.max(end - this.#textOffset, 0));
    if (fromHeld > 0) {
      this.#text?.write(this.#held.subarray(0, fromHeld));
      this.#held.copyWithin(0, fromHeld, this.#heldLength);
      this.#heldLength -= fromHeld;
      this.#textOffset += fromHeld;
    }
    if (end <= this.#textOffset || this.#heldLength > 0) return;
    this.#text?.write(this.#chunk.subarray(this.#textOffset - this.#chunkOffset, end - this.#chunkOffset));
    this.#textOffset = end;
  }

  #endText(end: number): void {
    this.#passText(end);
    this.#text?.endPart();
    this.#isInText = false;
    this.#heldLength = 0;
  }

  /**
   * Closes the open parts from this level inward.
   *
   * @param end where their bodies end
   * @param lines line ends in the content up to there
   */
  #closeParts(level: number, end: number, lines: number): void {
    let bodyEnd = end;
    let linesBeforeEnd = lines;
    while (this.#open.length > level) {
      const open = this.#open.pop();
      if (open === undefined) return;
      const { part } = open;
      this.#closeBoundary(open);
      if (bodyEnd < part.bodyStart) {
        // A delimiter right after the header, whose blank line stays its own, here and in all parts around it.
        bodyEnd = part.bodyStart;
        linesBeforeEnd = open.linesBeforeBody;
      }
      part.end = bodyEnd;
      part.sizeOctets = bodyEnd - part.bodyStart;
      part.lines = linesBeforeEnd - open.linesBeforeBody;
      if (part.kind === 'multipart' && part.children.length === 0) part.children.push(new PartBuilder(part.bodyStart));
    }
  }

  #closeBoundary(open: OpenPart): void {
    if (open.boundary === null) return;
    this.#boundaries.close(open.boundary);
    open.boundary = null;
  }
}

/** The structure of a message that is at hand in one piece. */
export function parseMessage(octets: Uint8Array, options: { readonly collectText?: boolean } = {}): MessageStructure {
  const parser = new MessageParser(options);
  parser.push(octets);
  return parser.end();
}

const noOctets = Buffer.alloc(0);

function describe(part: PartBuilder, fields: HeaderFields, isInDigest: boolean): void {
  const contentType = fields.contentType === null ? null : parseContentType(fields.contentType);
  if (contentType !== null) {
    part.type = contentType.type;
    part.subtype = contentType.subtype;
    part.parameters = contentType.parameters;
  } else if (isInDigest && fields.contentType === null) {
    part.type = 'message'; // RFC 2046 §5.1.5
    part.subtype = 'rfc822';
  }
  part.encoding = (fields.transferEncoding && parseTransferEncoding(fields.transferEncoding)) || '7bit';
  part.id = fields.id || null;
  part.description = fields.description || null;
  part.md5 = fields.md5 || null;
  part.disposition = fields.disposition === null ? null : parseDisposition(fields.disposition);
  part.language = fields.language === null ? null : parseLanguages(fields.language);
  part.location = fields.location || null;
}

/** Makes a part whose inside we do not show look like one that has none. */
function makeOpaque(part: PartBuilder): void {
  part.type = 'application';
  part.subtype = 'octet-stream';
}

/** White space at its end cannot be told from transport padding (RFC 2046 §5.1.1). */
function usableBoundary(part: Part): OctetString | null {
  const boundary = parameterValue(part.parameters, 'boundary');
  if (boundary === null || boundary.length > limits.boundaryOctets) return null;
  let end = boundary.length;
  while (end > 0 && (boundary.charCodeAt(end - 1) === SPACE || boundary.charCodeAt(end - 1) === TAB)) end--;
  return end === 0 ? null : boundary.slice(0, end);
}

function isEmbeddedMessage(subtype: string): boolean {
  return subtype === 'rfc822' || subtype === 'global'; // RFC 9051 §6.4.5.1
}

function isIdentity(encoding: string): boolean {
  return encoding !== 'base64' && encoding !== 'quoted-printable';
}
