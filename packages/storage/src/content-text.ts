import { foldForSearch, foldHeaderForSearch, MessageParser, type MessageStructure, parseDate } from '@postel/mime';

/** What searches and lists of messages show of a content, as its row holds it. */
export interface ContentText {
  readonly preview: string;
  /** The body's text, folded. */
  readonly searchText: string;
  /** The header's fields, folded, a line each. */
  readonly headerText: string;
  /** The day of the Date field, `1994-02-07`. */
  readonly sentDate: string | null;
}

/** @param structure of a parser that collected text */
export function contentText({ fields, text }: MessageStructure): ContentText {
  if (text === null) throw new Error('the parser collected no text');
  const sent = fields.date === null ? null : parseDate(fields.date);
  return {
    // NUL, which Postgres has not in text, and halves of surrogate pairs are left out of these already.
    preview: text.preview,
    searchText: foldForSearch(text.body),
    headerText: foldHeaderForSearch(text.header),
    sentDate: sent === null ? null : new Date(sent).toISOString().slice(0, 10),
  };
}

/** Header fields that Postel puts before a content, as `headerText`. */
export function prefixText(prefix: Buffer): string {
  if (prefix.length === 0) return '';
  const parser = new MessageParser({ collectText: true });
  parser.push(prefix);
  return contentText(parser.end()).headerText;
}
