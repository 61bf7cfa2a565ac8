import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  foldForSearch,
  foldHeaderForSearch,
  headerText,
  type MessageStructure,
  messageSummary,
  parseDate,
  sortKeys,
  threadReferences,
} from '@postel/mime';
import { threadKeys } from './thread-keys.ts';
import { packThreadLinks } from './thread-links.ts';

/** Characters folded at once: 64 k take up to 10 ms, and a message may have sixteen times as many. */
const FOLD_CHARACTERS = 65_536;
/** A text twice as long as the longest there is: what grows more when it is folded is no text that somebody reads. */
const FOLDED_CHARACTERS = 2 * 1_048_576;

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

/** What its header fixes: for lists of messages (docs/sql.md), for sorting them, and for finding its thread. */
export interface ContentSummary {
  /** The moment of the Date field, epoch ms. */
  readonly sentAt: number | null;
  /**
   * With U+001F between them: Subject, From, To, Cc (the entries of a list have a line each) and Message-ID; the keys to sort by,
   * in the order of `SORT_KEYS`; the links to other messages (thread-links.ts) as hexadecimal digits.
   */
  readonly summary: string;
  readonly threadKeys: Buffer;
}

/** What a list of messages is sorted by, as `contents.sort_keys` holds them (RFC 5256, RFC 5957). */
export const SORT_KEYS = ['subject', 'from', 'to', 'cc', 'displayFrom', 'displayTo'] as const;

/** U+001F: no text of a summary has a control character. */
const SUMMARY_SEPARATOR = '\x1f';

/** @param structure of a parser that collected text, which has neither NUL nor halves of surrogate pairs: Postgres refuses both */
export async function contentText({ fields, text }: MessageStructure): Promise<ContentText> {
  if (text === null) throw new Error('the parser collected no text');
  const sent = fields.date === null ? null : parseDate(fields.date);
  return {
    preview: text.preview,
    searchText: await foldInTurns(text.body),
    headerText: foldHeaderForSearch(text.header),
    sentDate: sent === null ? null : new Date(sent).toISOString().slice(0, 10),
  };
}

export function contentSummary({ fields }: Pick<MessageStructure, 'fields'>): ContentSummary {
  const { subject, from, to, cc, sentAt, messageId } = messageSummary(fields);
  const lists = [from, to, cc].map((entries) => entries.join('\n'));
  const keys = sortKeys(fields);
  const links = packThreadLinks(threadReferences(fields), keys.isReplyOrForward);
  return {
    sentAt,
    summary: [subject, ...lists, messageId, ...SORT_KEYS.map((key) => keys[key]), links.toString('hex')].join(
      SUMMARY_SEPARATOR,
    ),
    threadKeys: threadKeys(fields, subject),
  };
}

/** Header fields that Postel puts before a content, as `headerText`. */
export function prefixText(prefix: Buffer): string {
  return prefix.length === 0 ? '' : foldHeaderForSearch(headerText(prefix));
}

/**
 * As foldForSearch, but others get their turn, and no more than FOLDED_CHARACTERS and a piece. Cut before white space if there
 * is any, so that nothing is parted that folds as one.
 */
async function foldInTurns(text: string): Promise<string> {
  if (text.length <= FOLD_CHARACTERS) return foldForSearch(text);
  const pieces: string[] = [];
  let length = 0;
  let endsInSpace = false;
  for (let start = 0; start < text.length && length < FOLDED_CHARACTERS; await nextTurn()) {
    const most = start + FOLD_CHARACTERS;
    const space =
      most < text.length ? Math.max(text.lastIndexOf(' ', most), text.lastIndexOf('\n', most)) : text.length;
    const end = space > start ? space : most;
    const folded = foldForSearch(text.slice(start, end));
    const piece = endsInSpace && folded.startsWith(' ') ? folded.slice(1) : folded;
    if (folded !== '') endsInSpace = folded.endsWith(' ');
    pieces.push(piece);
    length += piece.length;
    start = end;
  }
  return pieces.join('');
}
