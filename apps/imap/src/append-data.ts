import type { Arguments, DateTime, LiteralHeader } from '@postel/imap-wire';
import type { Flags } from '@postel/storage';
import { parseFlags } from './flags.ts';

/**
 * What APPEND and REPLACE bring, in the order in which it comes: `message` begins one, what follows are its octets. A message is
 * one literal, or texts and messages stored already, one after the other (CATENATE, RFC 4469).
 */
export type AppendItem =
  | { readonly type: 'message'; readonly flags: Flags; readonly date: DateTime | null; readonly isCatenated: boolean }
  /** UTF8: with header fields in UTF-8 (RFC 6855 §4). */
  | { readonly type: 'literal'; readonly literal: LiteralHeader; readonly isUtf8: boolean }
  | { readonly type: 'url'; readonly url: string };

/** What a message literal is: a message or a part of one, by itself or in `UTF8 (...)`. */
export type LiteralPlace = 'message' | 'utf8-message' | 'part' | 'utf8-part';

/** A part of a command that ends before a message literal, or with the command. */
export interface AppendSegment {
  readonly items: readonly AppendItem[];
  /** What the literal is; `url` if it is the name of another message; null at the end of the command. */
  readonly next: LiteralPlace | 'url' | null;
}

/**
 * Whether a literal behind these arguments is a message or a part of one, not a URL or the name of the mailbox.
 *
 * @param behind as in parseAppendSegment
 * @param skipFirst reads what stands before the name of the mailbox
 */
export function takesMessage(
  args: Arguments,
  behind: LiteralPlace | null,
  skipFirst: (args: Arguments) => void = () => {},
): boolean {
  try {
    if (behind === null) {
      skipFirst(args);
      if (args.sp().peekMessageLiteral()) return false;
      args.astringOctets();
    }
    return parseAppendSegment(args, behind).next !== 'url';
  } catch {
    return true; // so that what is malformed is refused before the octets come
  }
}

/**
 * Parses what stands behind the name of the mailbox, or behind a message literal: append-message of RFC 4466 §3, once or more
 * (RFC 3502).
 *
 * @param behind what that literal was; null behind the name of the mailbox
 */
export function parseAppendSegment(args: Arguments, behind: LiteralPlace | null): AppendSegment {
  const items: AppendItem[] = [];
  if (behind === 'utf8-message' || behind === 'utf8-part') args.expect(')');
  if (behind === 'part' || behind === 'utf8-part') {
    const next = parseFurtherParts(args, items);
    if (next !== null) return { items, next };
  }
  for (let isFirst = behind === null; isFirst || !args.isAtEnd(); isFirst = false) {
    const next = parseMessage(args, items);
    if (next !== null) return { items, next };
  }
  return { items, next: null };
}

/** @returns what literal comes next; null at the end of the message */
function parseMessage(args: Arguments, items: AppendItem[]): AppendSegment['next'] {
  const flags = args.sp().peek('(') ? args.flagList() : null;
  if (flags !== null) args.sp();
  const date = args.peek('"') ? args.dateTime() : null;
  if (date !== null) args.sp();
  const isCatenated = args.skip('CATENATE (');
  items.push({ type: 'message', flags: parseFlags(flags ?? []), date, isCatenated });
  if (isCatenated) return parsePart(args, items) ?? parseFurtherParts(args, items);
  return parseLiteral(args, items) ? 'utf8-message' : 'message';
}

function parseFurtherParts(args: Arguments, items: AppendItem[]): AppendSegment['next'] {
  while (args.skip(' ')) {
    const next = parsePart(args, items);
    if (next !== null) return next;
  }
  args.expect(')');
  return null;
}

/** cat-part of RFC 4469 §5 and RFC 6855 §4. */
function parsePart(args: Arguments, items: AppendItem[]): AppendSegment['next'] {
  if (args.peek('UTF8 ') || args.skip('TEXT ')) return parseLiteral(args, items) ? 'utf8-part' : 'part';
  args.expect('URL ');
  if (args.peekMessageLiteral()) return 'url';
  items.push({ type: 'url', url: args.astring() });
  return null;
}

/** @returns whether it stands in `UTF8 (...)` */
function parseLiteral(args: Arguments, items: AppendItem[]): boolean {
  const isUtf8 = args.skip('UTF8 (');
  items.push({ type: 'literal', literal: args.messageLiteral(), isUtf8 });
  return isUtf8;
}
