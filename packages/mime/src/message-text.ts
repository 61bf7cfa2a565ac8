import { type CharsetDecoder, charsetDecoder } from './charset.ts';
import { decodeEncodedWords } from './encoded-words.ts';
import { FieldCursor } from './field-cursor.ts';
import { unfold } from './header-fields.ts';
import { HtmlText } from './html-text.ts';
import { limits } from './limits.ts';
import { lowerCase, type OctetString } from './octet-string.ts';
import { fileName } from './parameter-text.ts';
import { parameterValue } from './parameters.ts';
import type { Part } from './part.ts';
import { PreviewText } from './preview-text.ts';
import { type TransferDecoder, transferDecoder } from './transfer-decoders.ts';

/** The text of a message, decoded for search and for display in a list. At most `limits.textCharacters` in all. */
export interface MessageText {
  /** The fields of the message's header, each `name: value` and a line end, unfolded, encoded-words decoded. */
  readonly header: string;
  /**
   * The text of all text and message parts in their order, HTML as a reader sees it; before each its file name, if it has one;
   * and the header fields of embedded messages, like those above. Line ends are LF.
   */
  readonly body: string;
  /** How the message begins, on one line of at most `limits.previewCharacters` characters (RFC 8970 §3.3). */
  readonly preview: string;
}

/** A part whose text is being collected. */
interface TextPart {
  readonly transfer: TransferDecoder;
  readonly charset: CharsetDecoder;
  readonly html: HtmlText | null;
  readonly preview: PreviewText | null;
}

/**
 * Collects the text of a message while it is parsed: whole headers, and bodies in pieces of any size. Holds the text found so
 * far, and of what is being decoded a few octets.
 */
export class TextCollector {
  readonly #header = new BoundedText();
  readonly #body = new BoundedText();
  #left: number = limits.textCharacters;
  #octetsLeft: number = limits.textOctets;
  #part: TextPart | null = null;

  /** The best preview so far: of which part, and in which multipart/alternative. */
  #preview = '';
  #previewIsHtml = false;
  #previewAlternative: Part | null = null;
  #partAlternative: Part | null = null;

  /** Whether no body is wanted any more. */
  get #isFull(): boolean {
    return this.#left <= 0 || this.#octetsLeft <= 0;
  }

  /** Takes a message's header: the first, or that of an embedded message. */
  takeHeader(header: Buffer, isFirst: boolean): void {
    if (this.#left <= 0) return;
    const lines: string[] = [];
    const cursor = new FieldCursor(header);
    for (let count = 0; count < limits.headerFields && cursor.next(); count++) {
      if (cursor.nameEnd === cursor.start) continue;
      const name = header.toString('latin1', cursor.start, cursor.nameEnd);
      const value = header.toString('latin1', cursor.valueStart, cursor.end);
      lines.push(`${decodeOnOneLine(name)}: ${decodeOnOneLine(unfold(value))}\n`);
    }
    this.#add(isFirst ? this.#header : this.#body, lines.join(''));
  }

  /** Takes the name that a part has as a file, of whatever kind it is. */
  takeName(part: Part): void {
    const name = this.#left > 0 ? fileName(part) : null;
    if (name !== null) this.#add(this.#body, `${onOneLine(name)}\n`);
  }

  /**
   * Begins a part that has no parts of its own.
   *
   * @param alternative the innermost multipart/alternative around it
   * @returns whether its body is wanted
   */
  beginPart(part: Part, alternative: Part | null): boolean {
    const type = lowerCase(part.type);
    if (this.#isFull || (type !== 'text' && type !== 'message')) return false;

    const isHtml = type === 'text' && lowerCase(part.subtype) === 'html';
    const charset = parameterValue(part.parameters, 'charset');
    this.#partAlternative = alternative;
    this.#part = {
      transfer: transferDecoder(part.encoding),
      charset: charsetDecoder(charset),
      html: isHtml ? new HtmlText() : null,
      preview: this.#mayBePreview(part, isHtml, alternative) ? new PreviewText(!isHtml) : null,
    };
    return true;
  }

  /** Takes the next octets of the part's body. They are not used after the call. */
  write(octets: Buffer): void {
    const part = this.#part;
    if (part === null) return;
    for (let start = 0; start < octets.length && !this.#isFull; start += limits.decodedAtOnceOctets) {
      const piece = octets.subarray(start, start + Math.min(limits.decodedAtOnceOctets, this.#octetsLeft));
      this.#octetsLeft -= piece.length;
      this.#addText(part, part.charset.write(part.transfer.write(piece)));
    }
  }

  endPart(): void {
    const part = this.#part;
    if (part === null) return;
    this.#part = null;
    this.#addText(part, part.charset.write(part.transfer.end()));
    this.#addText(part, part.charset.end());
    if (part.html !== null) this.#addPlain(part, part.html.end());
    this.#body.endLine();
    this.#add(this.#body, '\n');
    const preview = part.preview?.end() ?? '';
    if (preview === '') return;
    this.#preview = preview;
    this.#previewIsHtml = part.html !== null;
    this.#previewAlternative = this.#partAlternative;
  }

  end(): MessageText {
    return { header: this.#header.end(), body: this.#body.end(), preview: this.#preview };
  }

  /** The first text has it, except that plain text is better than the HTML of the same multipart/alternative. */
  #mayBePreview(part: Part, isHtml: boolean, alternative: Part | null): boolean {
    const subtype = lowerCase(part.subtype);
    if (lowerCase(part.type) !== 'text' || !(isHtml || subtype === 'plain')) return false;
    if (part.disposition !== null && lowerCase(part.disposition.type) === 'attachment') return false;
    if (this.#preview === '') return true;
    return !isHtml && this.#previewIsHtml && alternative !== null && alternative === this.#previewAlternative;
  }

  #addText(part: TextPart, text: string): void {
    if (text !== '') this.#addPlain(part, part.html === null ? text : part.html.write(text));
  }

  #addPlain(part: TextPart, text: string): void {
    part.preview?.add(text);
    this.#add(this.#body, text);
  }

  #add(to: BoundedText, text: string): void {
    if (this.#left > 0) this.#left -= to.add(text, this.#left);
  }
}

/** What `MessageText.header` would be of a message with that header. */
export function headerText(header: Buffer): string {
  const collector = new TextCollector();
  collector.takeHeader(header, true);
  return collector.end().header;
}

/** Text in pieces, line ends made LF and NUL left out. */
class BoundedText {
  readonly #joined: string[] = [];
  /** Pieces may be of one character each: they are joined by the thousand. */
  #pieces: string[] = [];
  #endsInCr = false;

  /** @returns how much longer the text is now, or more than `max` if it was cut */
  add(text: string, max: number): number {
    if (text === '') return 0;
    const from = this.#endsInCr && text.startsWith('\n') ? 1 : 0;
    this.#endsInCr = text.endsWith('\r');
    const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
    const plain = lines.slice(from).replaceAll('\0', '');
    this.#pieces.push(plain.length <= max ? plain : plain.slice(0, max));
    if (this.#pieces.length >= 1_000) this.#join();
    return plain.length;
  }

  /** What follows does not continue a line end. */
  endLine(): void {
    this.#endsInCr = false;
  }

  /** No half of a surrogate pair is left, by whatever it came there. */
  end(): string {
    this.#join();
    return this.#joined.join('').toWellFormed();
  }

  #join(): void {
    this.#joined.push(this.#pieces.join(''));
    this.#pieces = [];
  }
}

function decodeOnOneLine(value: OctetString): string {
  return onOneLine(decodeEncodedWords(value));
}

/** Without what must not stand in a decoded value: line ends, behind which another field would seem to begin, and NUL. */
function onOneLine(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n]+/g, ' ').replaceAll('\0', '') : text;
}
