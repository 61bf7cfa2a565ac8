import type { Arguments, DateTime, LiteralHeader } from '@postel/imap-wire';
import type { Flags } from '@postel/storage';
import { parseFlags } from './flags.ts';

/**
 * What APPEND and REPLACE bring, in the order in which it comes: `message` begins one, what follows are its octets. A message is
 * one literal, or texts and messages stored already, one after the other (CATENATE, RFC 4469), or a literal8 with headers in
 * UTF-8 (RFC 6855 §4).
 */
export type AppendItem =
  | { readonly type: 'message'; readonly flags: Flags; readonly date: DateTime | null; readonly form: MessageForm }
  | { readonly type: 'literal'; readonly literal: LiteralHeader }
  | { readonly type: 'url'; readonly url: string };

export type MessageForm = 'literal' | 'catenate' | 'utf8';

/** A part of a command that ends before a message literal, or with the command. */
export interface AppendSegment {
  readonly items: readonly AppendItem[];
  /** In what kind of message that literal stands; `url` if it is the name of another message; null at the end of the command. */
  readonly next: MessageForm | 'url' | null;
}

/**
 * Whether a literal behind these arguments is a message or a part of one, not a URL or the name of the mailbox.
 *
 * @param form as in parseAppendSegment
 * @param skipFirst reads what stands before the name of the mailbox
 */
export function takesMessage(
  args: Arguments,
  form: MessageForm | null,
  skipFirst: (args: Arguments) => void = () => {},
): boolean {
  try {
    if (form === null) {
      skipFirst(args);
      if (args.sp().peekMessageLiteral()) return false;
      args.astringOctets();
    }
    return parseAppendSegment(args, form).next !== 'url';
  } catch {
    return true; // so that what is malformed is refused before the octets come
  }
}

/**
 * Parses what stands behind the name of the mailbox, or behind a message literal: append-message of RFC 4466 §3, once or more
 * (RFC 3502).
 *
 * @param form in what kind of message that literal stood; null behind the name of the mailbox
 */
export function parseAppendSegment(args: Arguments, form: MessageForm | null): AppendSegment {
  const items: AppendItem[] = [];
  if (form === 'utf8') args.expect(')');
  if (form === 'catenate') {
    const next = parseFurtherParts(args, items);
    if (next !== null) return { items, next };
  }
  for (let isFirst = form === null; isFirst || !args.isAtEnd(); isFirst = false) {
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
  const begin = (form: MessageForm) => items.push({ type: 'message', flags: parseFlags(flags ?? []), date, form });
  if (args.skip('CATENATE (')) {
    begin('catenate');
    return parsePart(args, items) ?? parseFurtherParts(args, items);
  }
  const form = args.skip('UTF8 (') ? 'utf8' : 'literal';
  begin(form);
  items.push({ type: 'literal', literal: args.messageLiteral() });
  return form;
}

function parseFurtherParts(args: Arguments, items: AppendItem[]): AppendSegment['next'] {
  while (args.skip(' ')) {
    const next = parsePart(args, items);
    if (next !== null) return next;
  }
  args.expect(')');
  return null;
}

/** cat-part of RFC 4469 §5. */
function parsePart(args: Arguments, items: AppendItem[]): AppendSegment['next'] {
  if (args.skip('TEXT ')) {
    items.push({ type: 'literal', literal: args.messageLiteral() });
    return 'catenate';
  }
  args.expect('URL ');
  if (args.peekMessageLiteral()) return 'url';
  items.push({ type: 'url', url: args.astring() });
  return null;
}
